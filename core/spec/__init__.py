"""Intent: what an experiment is to be, checked, counted and estimated before anything is trained."""

from core.spec.experiment import ExperimentSpec, ModelSpec
from core.spec.network import NamedLayer
from core.spec.training import TrainingSpec

__all__ = ["ExperimentSpec", "ModelSpec", "NamedLayer", "TrainingSpec"]
