"""What rules need to know of the samples, and how a training elsewhere is put together."""

from gradlab.facts.model import Expectation, Facts, Features, Inputs, Theory
from gradlab.facts.wiring import FirstSteps, TensorWiring, Wiring

__all__ = ["Expectation", "Facts", "Features", "FirstSteps", "Inputs", "TensorWiring", "Theory", "Wiring"]
