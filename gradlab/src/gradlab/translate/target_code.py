"""Targets of uploaded samples as NumPy code: from the form that the file has to the one that the loss takes."""

from typing import Literal

from gradlab.frozen import of_name
from gradlab.translate.preparation_code import array, validation
from gradlab.vocabulary.datasets import DatasetSpec
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.datasets.uploaded_parts import part_of_output

Classes = Literal["numbers", "texts", "one_hot"]


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
    named = of_name(dataset.target_columns, output)
    return named if isinstance(named, str) else ""


def _of_classes(dataset: UploadedDataset, units: int, classes: Classes | None, y: str) -> list[str]:
    if len(dataset.targets) > 1 or classes == "one_hot":
        return [] if units > 1 else [_both(y, "{}.argmax(axis=-1)")]
    steps, lines = dataset.target.steps, numbering_code(dataset, classes, y)
    if units > 1:
        lines.append(_both(y, f"keras.utils.to_categorical({{}}, {dataset.target.count})"))
    elif steps:
        lines.append(_both(y, f"{{}}.reshape{(-1, *steps, 1)}"))
    return ["\n".join(lines)] if lines else []


def numbering_code(dataset: UploadedDataset, classes: Classes | None = None, y: str = "y") -> list[str]:
    """Return the lines that number the classes in ``y`` and ``y_val`` from 0; [] where the file has such numbers.

    Args:
        dataset: the dataset, of the task "classes", with one target's column.
        classes: how the file has the classes; None: as their names look.
        y: the array of the targets.
    """
    values = [*((() if classes == "texts" else dataset.class_values_of("")) or dataset.class_names)]
    if not isinstance(values[0], bool) and values == [*range(len(values))]:
        return []
    # The axes of a sample, without a last one of length 1.
    form = f".reshape{(-1, *dataset.target.steps)}" if dataset.target.steps else ".reshape(-1)"
    return [f"classes = {values}", _both(y, f"np.searchsorted(classes, {{}}){form}")]


def _both(y: str, expression: str) -> str:
    return f"{y}, {validation(y)} = {expression.format(y)}, {expression.format(validation(y))}"
