"""Benchmarks for every figure of `docs/results.md`: ratios, measured side by side in one run."""
