"""Initial weights that users bring: the check of their file, and their record."""

from core.weights.check import WeightsCheck
from core.weights.record import WeightsPage, WeightsRecord

__all__ = ["WeightsCheck", "WeightsPage", "WeightsRecord"]
