"""Real-time license plate recognition on a CPU."""

__version__ = "0.1.0"
