"""This engine beside others, on the same pictures in one run: `python -m bench.peers`."""
