"""The engine against `keras.Model.fit` on networks of real size, line by line: `python -m bench.sizes`."""
