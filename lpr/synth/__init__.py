"""Plates, scenes and clips rendered from seeds, with exact labels."""
