"""Registry of the datasets. There is one file for each; all but `uploaded` are made with NumPy and scikit-learn only.

scikit-learn's datasets that must be downloaded are left out, because nothing here uses the network: Olivetti faces,
20 newsgroups, California housing, covertype, kddcup99, LFW, RCV1, species. scikit-learn is imported when samples are
drawn, so that reading a spec, as the command line does, does not wait for it.
"""

from gradlab.vocabulary.datasets.adding import Adding
from gradlab.vocabulary.datasets.bars import Bars
from gradlab.vocabulary.datasets.blobs import Blobs
from gradlab.vocabulary.datasets.breast_cancer import BreastCancer
from gradlab.vocabulary.datasets.checkerboard import Checkerboard
from gradlab.vocabulary.datasets.circles import Circles
from gradlab.vocabulary.datasets.classification import Classification
from gradlab.vocabulary.datasets.copy_memory import CopyMemory
from gradlab.vocabulary.datasets.dataset import DatasetSpec
from gradlab.vocabulary.datasets.diabetes import Diabetes
from gradlab.vocabulary.datasets.digits import Digits
from gradlab.vocabulary.datasets.franke import Franke
from gradlab.vocabulary.datasets.friedman import Friedman
from gradlab.vocabulary.datasets.gaussian_quantiles import GaussianQuantiles
from gradlab.vocabulary.datasets.hastie_10_2 import Hastie102
from gradlab.vocabulary.datasets.iris import Iris
from gradlab.vocabulary.datasets.linnerud import Linnerud
from gradlab.vocabulary.datasets.mackey_glass import MackeyGlass
from gradlab.vocabulary.datasets.moons import Moons
from gradlab.vocabulary.datasets.multilabel import Multilabel
from gradlab.vocabulary.datasets.regression import Regression
from gradlab.vocabulary.datasets.s_curve import SCurve
from gradlab.vocabulary.datasets.sine import Sine
from gradlab.vocabulary.datasets.sparse_uncorrelated import SparseUncorrelated
from gradlab.vocabulary.datasets.spirals import Spirals
from gradlab.vocabulary.datasets.swiss_roll import SwissRoll
from gradlab.vocabulary.datasets.temporal_order import TemporalOrder
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.datasets.wine import Wine
from gradlab.vocabulary.datasets.xor import Xor

DATASETS: tuple[type[DatasetSpec], ...] = (
    Circles, Moons, Blobs, Spirals, Xor, Classification, GaussianQuantiles, Hastie102, Multilabel,
    Checkerboard, Bars, Regression, Friedman, Franke, SwissRoll, SCurve, SparseUncorrelated,
    Iris, Wine, BreastCancer, Digits, Diabetes, Linnerud,
    Adding, CopyMemory, Sine, TemporalOrder, MackeyGlass,
)  # fmt: skip
"""The datasets that are drawn from their spec alone."""

KINDS: tuple[type[DatasetSpec], ...] = (*DATASETS, UploadedDataset)
"""All datasets that a spec may name."""
