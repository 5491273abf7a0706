"""Random valid specs over the whole catalogue, made from the fields of what is on the shelves.

A kind or a field that joins a shelf is drawn from then on, with no change here.
"""

from bench.generated.scale import SMALL, USUAL, Scale
from bench.generated.specs import random_spec

__all__ = ["SMALL", "USUAL", "Scale", "random_spec"]
