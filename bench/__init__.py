"""The benchmarks behind every speed that the README states: ratios, measured side by side in one run."""
