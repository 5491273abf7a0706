"""The words of a spec: datasets, layers, activations, losses, optimisers, metrics."""
