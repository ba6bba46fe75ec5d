"""Reading plates: alphabet, CTC decoding, the ONNX recognizer."""
