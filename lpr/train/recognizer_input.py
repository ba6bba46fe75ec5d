"""What the reader's network sees of a grey value."""

MEAN, SCALE = 127.5, 1 / 64
"""The network sees (grey - MEAN) * SCALE."""
