"""Shelf: one file per dataset, made with NumPy and scikit-learn only."""

from core.datasets.blobs import Blobs
from core.datasets.breast_cancer import BreastCancer
from core.datasets.circles import Circles
from core.datasets.dataset import Dataset, DatasetSpec
from core.datasets.digits import Digits
from core.datasets.moons import Moons
from core.datasets.spirals import Spirals
from core.datasets.wine import Wine
from core.frozen import one_of

DATASETS: tuple[type[DatasetSpec], ...] = (Circles, Moons, Blobs, Spirals, Digits, BreastCancer, Wine)

AnyDataset = one_of(DATASETS)

__all__ = ["DATASETS", "AnyDataset", "Dataset", "DatasetSpec"]
