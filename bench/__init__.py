"""Benchmarks for every speed in the README: ratios, measured side by side in one run."""
