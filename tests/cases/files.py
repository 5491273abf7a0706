"""Reports whose samples or network no spec could express, as the two files that their authors have.

The models and samples are those of `tests.cases.fits`, as they were: nothing is cured.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.doctored import Doctored, save, write_csv
from tests.cases import fits

Case = Callable[[bool], fits.Fit]


def model_of(case: Case) -> Callable[[Path], None]:
    """Writes a case's compiled model to a `.keras` file."""
    return lambda file: save(case(False).make(), file)


def arrays_of(case: Case) -> Callable[[Path], Path]:
    """Writes a case's samples as arrays to an NPZ file, and returns its name."""

    def write(folder: Path) -> Path:
        fit, file = case(False), folder / f"{case.__name__}.npz"
        np.savez(file, x=fit.x, y=fit.y)
        return file

    return write


def table_of(case: Case) -> Callable[[Path], Path]:
    """Writes a case's samples as a table to a CSV file, the target as its last column, and returns its name."""

    def write(folder: Path) -> Path:
        fit = case(False)
        names = *(f"f{place}" for place in range(fit.x.shape[1])), "target"
        return write_csv(folder / f"{case.__name__}.csv", names, np.column_stack([fit.x, fit.y]))

    return write


REPORTED = (
    Doctored(
        name="x⁴ on -100 to 100, nothing scaled",
        model=model_of(fits.quartic_unscaled),
        data=table_of(fits.quartic_unscaled),
        root_causes=("input_range",),
        epochs=1_000,
        cured=0.8,
        arguments=("--batch-size", "400"),
    ),
    Doctored(
        name="122 raw features, few positives",
        model=model_of(fits.raw_features),
        data=table_of(fits.raw_features),
        root_causes=("input_range",),
        epochs=20,
        cured=0.91,  # 88 % are negative
        arguments=("--batch-size", "128"),
    ),
    Doctored(
        name="a mask on the zeros, and a relu output",
        model=model_of(fits.masked_sequences),
        data=arrays_of(fits.masked_sequences),
        root_causes=("dead_network", "born_dead_risk", "output_mismatch"),
        epochs=50,
        cured=0.8,
    ),
)
# Labels that were divided: the service numbers classes by their order, so that nothing is left to be cured.
LABELS_DIVIDED = Doctored(
    name="labels divided by 255",
    model=model_of(fits.labels_divided),
    data=arrays_of(fits.labels_divided),
    root_causes=("target_encoding",),
    epochs=20,
    cured=0.9,
)
