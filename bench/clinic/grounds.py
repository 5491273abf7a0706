"""The healthy networks of both halves: every family of layers is among them."""

from bench.clinic.flat import FLAT
from bench.clinic.ground import Ground
from bench.clinic.ordered import ORDERED

GROUNDS: tuple[Ground, ...] = (*FLAT, *ORDERED)
