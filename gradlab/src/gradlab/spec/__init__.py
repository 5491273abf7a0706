"""Specs of experiments, checked before anything is trained."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradlab.spec.any import ANY_SPEC as ANY_SPEC
    from gradlab.spec.any import EXTERNAL as EXTERNAL
    from gradlab.spec.any import SERVICE as SERVICE
    from gradlab.spec.any import AnySpec as AnySpec
    from gradlab.spec.any import source_of as source_of
    from gradlab.spec.experiment import ExperimentSpec as ExperimentSpec
    from gradlab.spec.experiment import ModelSpec as ModelSpec
    from gradlab.spec.external import ExternalSpec as ExternalSpec
    from gradlab.spec.network import NamedLayer as NamedLayer
    from gradlab.spec.training import TrainingSpec as TrainingSpec

# Each name is imported at its first use: a training elsewhere needs nothing of the specs that this service trains.
_MODULES = {
    "ANY_SPEC": "gradlab.spec.any",
    "EXTERNAL": "gradlab.spec.any",
    "SERVICE": "gradlab.spec.any",
    "AnySpec": "gradlab.spec.any",
    "ExperimentSpec": "gradlab.spec.experiment",
    "ExternalSpec": "gradlab.spec.external",
    "ModelSpec": "gradlab.spec.experiment",
    "NamedLayer": "gradlab.spec.network",
    "TrainingSpec": "gradlab.spec.training",
    "source_of": "gradlab.spec.any",
}

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


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
