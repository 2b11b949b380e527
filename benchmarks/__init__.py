"""Benchmarks: each module prints a table of what it measured (`python -m benchmarks.<name>`)."""
