"""Shelf: one file per dataset, made with NumPy and scikit-learn only.

Left out are scikit-learn's sets that must be downloaded (Olivetti faces, 20 newsgroups, California housing, covertype,
kddcup99, LFW, RCV1, species): nothing here reaches for the network. scikit-learn is loaded where samples are drawn:
whoever only reads specs, as the command line does, need not wait for it.
"""

from typing import TYPE_CHECKING

from core.datasets.adding import Adding
from core.datasets.bars import Bars
from core.datasets.blobs import Blobs
from core.datasets.breast_cancer import BreastCancer
from core.datasets.checkerboard import Checkerboard
from core.datasets.circles import Circles
from core.datasets.classification import Classification
from core.datasets.copy_memory import CopyMemory
from core.datasets.dataset import Dataset, DatasetSpec
from core.datasets.diabetes import Diabetes
from core.datasets.digits import Digits
from core.datasets.franke import Franke
from core.datasets.friedman import Friedman
from core.datasets.gaussian_quantiles import GaussianQuantiles
from core.datasets.hastie_10_2 import Hastie102
from core.datasets.iris import Iris
from core.datasets.linnerud import Linnerud
from core.datasets.mackey_glass import MackeyGlass
from core.datasets.moons import Moons
from core.datasets.multilabel import Multilabel
from core.datasets.regression import Regression
from core.datasets.s_curve import SCurve
from core.datasets.sine import Sine
from core.datasets.sparse_uncorrelated import SparseUncorrelated
from core.datasets.spirals import Spirals
from core.datasets.swiss_roll import SwissRoll
from core.datasets.temporal_order import TemporalOrder
from core.datasets.wine import Wine
from core.datasets.xor import Xor
from core.frozen import one_of

DATASETS: tuple[type[DatasetSpec], ...] = (
    Circles, Moons, Blobs, Spirals, Xor, Classification, GaussianQuantiles, Hastie102, Multilabel,
    Checkerboard, Bars, Regression, Friedman, Franke, SwissRoll, SCurve, SparseUncorrelated,
    Iris, Wine, BreastCancer, Digits, Diabetes, Linnerud,
    Adding, CopyMemory, Sine, TemporalOrder, MackeyGlass,
)  # fmt: skip

if TYPE_CHECKING:
    AnyDataset = DatasetSpec
else:
    AnyDataset = one_of(DATASETS)

__all__ = ["DATASETS", "AnyDataset", "Dataset", "DatasetSpec"]
