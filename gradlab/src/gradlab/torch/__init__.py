"""Measurements of a PyTorch training. No other package of this library imports PyTorch."""
