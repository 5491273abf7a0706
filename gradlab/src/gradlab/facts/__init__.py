"""Facts about the samples, and the wiring of a training elsewhere: both are data that rules read."""

from gradlab.facts.measurement import measure, of_spec
from gradlab.facts.model import Expectation, Facts, Features, Inputs, Theory
from gradlab.facts.of_external import of_external, target_of
from gradlab.facts.wiring import FirstSteps, TensorWiring, Wiring

__all__ = [
    "Expectation",
    "Facts",
    "Features",
    "FirstSteps",
    "Inputs",
    "TensorWiring",
    "Theory",
    "Wiring",
    "measure",
    "of_external",
    "of_spec",
    "target_of",
]
