"""The project's own benchmark; `docs/benchmark.md` says how to use it."""
