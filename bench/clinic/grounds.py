"""All healthy networks: every dataset and every family of layers of the shelves is among them."""

from bench.clinic.flat import FLAT
from bench.clinic.ground import Ground
from bench.clinic.ordered import ORDERED

GROUNDS: tuple[Ground, ...] = (*FLAT, *ORDERED)
