"""Facts about the samples, and the wiring of a training elsewhere: both are data that rules read."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gradlab.facts.model import DataFaults, Expectation, Facts, Features, Inputs, Leak, OutputFacts, Theory
from gradlab.facts.wiring import FirstSteps, TensorWiring, Wiring

if TYPE_CHECKING:
    from gradlab.facts.elsewhere import of_external as of_external
    from gradlab.facts.elsewhere import target_of as target_of
    from gradlab.facts.experiments import of_spec as of_spec
    from gradlab.facts.measurement import measure as measure

# Whoever reads facts needs nothing of what measures them.
_MODULES = {
    "measure": "gradlab.facts.measurement",
    "of_external": "gradlab.facts.elsewhere",
    "of_spec": "gradlab.facts.experiments",
    "target_of": "gradlab.facts.elsewhere",
}

__all__ = [
    "DataFaults",
    "Expectation",
    "Facts",
    "Features",
    "FirstSteps",
    "Inputs",
    "Leak",
    "OutputFacts",
    "TensorWiring",
    "Theory",
    "Wiring",
    "measure",
    "of_external",
    "of_spec",
    "target_of",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
