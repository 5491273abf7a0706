"""Intent: what an experiment is to be, checked, counted and estimated before anything is trained."""

from core.spec.experiment import ExperimentSpec, ModelSpec, TrainingSpec
from core.spec.network import NamedLayer

__all__ = ["ExperimentSpec", "ModelSpec", "NamedLayer", "TrainingSpec"]
