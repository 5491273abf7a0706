"""Random valid specs over the whole catalogue, drawn from the fields of the registered kinds.

A new kind or field in a registry is drawn without a change of this package.
"""

from bench.generated.scale import SMALL, USUAL, Scale
from bench.generated.specs import random_spec

__all__ = ["SMALL", "USUAL", "Scale", "random_spec"]
