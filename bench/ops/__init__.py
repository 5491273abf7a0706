"""Every kind of layer in the engine's compiled loop against the same in a plain graph: `python -m bench.ops`."""
