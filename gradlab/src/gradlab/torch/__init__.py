"""Measurements of a PyTorch training. No other package of this library imports PyTorch."""

from gradlab.torch.watch import Watch

__all__ = ["Watch"]
