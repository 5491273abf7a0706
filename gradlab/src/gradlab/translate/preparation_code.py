"""Preparation of uploaded samples as NumPy code: what a person adds to a script that has the arrays as they are."""

from collections.abc import Sequence

from gradlab.vocabulary.datasets import DatasetSpec
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.preparations import (
    Clip,
    Impute,
    Log,
    MinMax,
    OneHot,
    Ordinal,
    Preparation,
    Scaling,
    Standardise,
)

FITTED = "  # of the training samples"
IMPUTED = {"mean": "np.nanmean", "median": "np.nanmedian"}


def preparation_code(dataset: DatasetSpec, beyond: DatasetSpec | None = None) -> list[str]:
    """Return a block of statements for each step of a dataset's preparation; [] for a dataset without one.

    They change ``x`` and ``x_val``, or ``y`` and ``y_val`` for targets, and need ``numpy`` as ``np``. Steps that turn
    texts into numbers are comments: arrays hold numbers already.

    Args:
        dataset: the dataset.
        beyond: a dataset whose steps are left out, as the arrays are prepared by them already.
    """
    if not isinstance(dataset, UploadedDataset):
        return []
    left_out = beyond.prepare if isinstance(beyond, UploadedDataset) else ()
    return [_block(step, dataset) for step in dataset.prepare if step not in left_out]


def _block(step: Preparation, dataset: UploadedDataset) -> str:
    if isinstance(step, OneHot | Ordinal):
        named = ", ".join(step.columns or ("texts",))
        what = "a column of 0 and 1 for each value" if isinstance(step, OneHot) else "the place of its value"
        return f"# {named}: {what}, in sorted order"
    of_targets = step.columns is not None and all(name in dataset.targets for name in step.columns)
    name = "y" if of_targets else "x"
    places = _places(step.columns, dataset.targets if of_targets else dataset.features)
    if places is None:
        return _statements(step, name, f"{name}_val", dataset)
    lines = [f"columns = {places}  # {', '.join(step.columns or ())}"]
    return "\n".join([*lines, _statements(step, f"{name}[..., columns]", f"{name}_val[..., columns]", dataset)])


def _places(columns: Sequence[str] | None, features: Sequence[str] | None) -> list[int] | None:
    """Return the places of columns among those of an array; None for all of them."""
    if columns is None or features is None or set(columns) == set(features):
        return None
    return [features.index(name) for name in columns if name in features]


def _statements(step: Preparation, own: str, other: str, dataset: UploadedDataset) -> str:
    """Return the statements of a step on `own`, the training part, and on `other`."""
    axis = _axis(step, own, dataset)
    match step:
        case Standardise():
            return (
                f"mean, std = {own}.mean(axis={axis}), {own}.std(axis={axis}){FITTED}\n"
                f"std = np.where(std == 0, 1, std)\n"
                f"{_both(own, other, '({} - mean) / std')}"
            )
        case MinMax():
            size = "" if (step.low, step.high) == (0, 1) else f" * {step.high - step.low!r}"
            low = "" if step.low == 0 else f"{step.low!r} + "
            return (
                f"low, high = {own}.min(axis={axis}), {own}.max(axis={axis}){FITTED}\n"
                f"width = np.where(high == low, 1, high - low)\n"
                f"{_both(own, other, low + '({} - low) / width' + size)}"
            )
        case Log():
            return _both(own, other, f"np.log({{}} + {step.offset!r})")
        case Clip():
            return _both(own, other, f"np.clip({{}}, {step.low!r}, {step.high!r})")
        case Impute():
            return _imputed(step, own, other, axis)
    raise LookupError(f"no code is written for {step.kind}")


def _imputed(step: Impute, own: str, other: str, axis: str) -> str:
    if step.strategy == "constant":
        return _both(own, other, f"np.nan_to_num({{}}, nan={step.fill_value!r})")
    if step.strategy == "most_frequent":
        return (
            "from sklearn.impute import SimpleImputer\n"
            f'imputer = SimpleImputer(strategy="most_frequent").fit({own}){FITTED}\n'
            f"{_both(own, other, 'imputer.transform({})')}"
        )
    return (
        f"fill = {IMPUTED[step.strategy]}({own}, axis={axis}){FITTED}\n"
        f"{_both(own, other, 'np.where(np.isnan({0}), fill, {0})')}"
    )


def _axis(step: Preparation, own: str, dataset: UploadedDataset) -> str:
    """Return the axes over which a step is fitted: all but those whose places have a mean of their own."""
    each = step.each if isinstance(step, Scaling) else "number"
    if each == "all":
        return "None"
    if each == "channel" or (dataset.window is not None and own.startswith("x")):
        return f"tuple(range({own}.ndim - 1))"
    return "0"


def _both(own: str, other: str, expression: str) -> str:
    return f"{own} = {expression.format(own)}\n{other} = {expression.format(other)}"
