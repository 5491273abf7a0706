"""Intent: what an experiment is to be, checked, counted and estimated before anything is trained."""

from core.spec.any import ANY_SPEC, EXTERNAL, SERVICE, AnySpec, source_of
from core.spec.experiment import ExperimentSpec, ModelSpec
from core.spec.external import ExternalSpec
from core.spec.network import NamedLayer
from core.spec.training import TrainingSpec

__all__ = [
    "ANY_SPEC",
    "EXTERNAL",
    "SERVICE",
    "AnySpec",
    "ExperimentSpec",
    "ExternalSpec",
    "ModelSpec",
    "NamedLayer",
    "TrainingSpec",
    "source_of",
]
