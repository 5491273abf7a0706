"""The parts that a spec is made of: datasets, layers, activations, losses, optimisers, metrics."""
