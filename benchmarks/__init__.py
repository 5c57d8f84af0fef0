"""Benchmarks: each prints one JSON object as its last line and writes it to benchmarks/results."""
