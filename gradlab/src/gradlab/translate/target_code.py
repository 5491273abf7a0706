"""Targets of uploaded samples as NumPy code: from the form that the file has to the one that the loss takes."""

from collections.abc import Sequence
from typing import Literal

from gradlab.frozen import ByName
from gradlab.translate.preparation_code import array, validation
from gradlab.vocabulary.datasets import DatasetSpec
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.datasets.uploaded_parts import part_of_output

Classes = Literal["numbers", "texts", "one_hot"]
TRUTHS = {"false": False, "true": True}


def target_code(dataset: DatasetSpec, units: int, classes: Classes | None = None, output: str = "") -> list[str]:
    """Return the statements that bring ``y`` and ``y_val`` into the form that the network is trained on; [] for none.

    Those of one of several outputs are in dictionaries by its name.

    Classes become one-hot rows for several units, and 0 and 1 for one. They need ``keras``, and ``numpy`` as ``np``.

    Args:
        dataset: the dataset.
        units: number of output units.
        classes: how the file has the classes; None: one-hot in several columns, else as their names look.
        output: the name of one of several outputs; "" for the only one.
    """
    if not isinstance(dataset, UploadedDataset):
        return []
    y, part = array("y", output), part_of_output(dataset, output)
    if part.task == "inputs":
        x = array("x", _repeated(dataset, output))
        return [f"{y}, {validation(y)} = {x}, {validation(x)}  # the network repeats its inputs"]
    if part.task != "classes":
        return []
    return _of_classes(part, units, classes, y)


def _repeated(dataset: UploadedDataset, output: str) -> str:
    """Return the name of the input that is an output's target; "" for the only one."""
    columns = dataset.target_columns
    named = columns[output] if isinstance(columns, ByName) else columns
    return named if isinstance(named, str) else ""


def _of_classes(dataset: UploadedDataset, units: int, classes: Classes | None, y: str) -> list[str]:
    if len(dataset.targets) > 1 or classes == "one_hot":
        return [] if units > 1 else [_both(y, "{}.argmax(axis=-1)")]
    values = list(dataset.class_names) if classes == "texts" else _numbers(dataset.class_names)
    steps, lines = dataset.target.steps, []
    if isinstance(values[0], bool) or values != [*range(len(values))]:
        # The axes of a sample, without a last one of length 1.
        form = ".reshape(-1)" if not steps else f".reshape{(-1, *steps)}"
        lines += [f"classes = {values}", _both(y, f"np.searchsorted(classes, {{}}){form}")]
    if units > 1:
        lines.append(_both(y, f"keras.utils.to_categorical({{}}, {len(values)})"))
    elif steps:
        lines.append(_both(y, f"{{}}.reshape{(-1, *steps, 1)}"))
    return ["\n".join(lines)] if lines else []


def _numbers(names: Sequence[str]) -> "list[bool] | list[float] | list[str]":
    """Return the numbers or truth values that classes are called by, in rising order; else their names."""
    if all(name in TRUTHS for name in names):
        return [TRUTHS[name] for name in names]
    try:
        numbers = [int(name) if name.lstrip("-").isdigit() else float(name) for name in names]
    except ValueError:
        return list(names)
    return numbers if numbers == sorted(numbers) else list(names)


def _both(y: str, expression: str) -> str:
    return f"{y}, {validation(y)} = {expression.format(y)}, {expression.format(validation(y))}"
