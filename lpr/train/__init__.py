"""Training of the networks; needs the extra `lpr[train]` (torch, onnx)."""
