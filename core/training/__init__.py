"""The training engine, the only package that imports TensorFlow; call `environment.prepare` before its modules load."""
