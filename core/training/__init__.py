"""The only TensorFlow in the house. Importing this package alone loads none: `environment.prepare` comes first."""
