"""Warnings about the targets: how classes are written, how common they are, and whether they can be right."""

from collections.abc import Sequence

import numpy as np

from gradlab.profile.columns import Column
from gradlab.profile.features import is_far_from_one
from gradlab.profile.model import DataWarning
from gradlab.profile.proposing import TARGET, VALIDATION, is_divided
from gradlab.profile.samples import Samples, warning

# A spec's usual split leaves a fifth of a class for validation: of fewer than five samples that is none.
MIN_SAMPLES = 5
# Beyond ten to one the accuracy hardly depends on the rare class (SageMaker Debugger, ClassImbalance).
IMBALANCE = 10.0
# Share of samples whose neighbours agree on another class, and number of those that are compared: see `label_noise`.
NOISE, MIN_COMPARED = 0.1, 50


def divided(samples: Samples) -> DataWarning | None:
    """Warn of classes whose numbers were divided."""
    if samples.classes is None or not is_divided(samples.classes):
        return None
    step = float(np.diff(samples.classes.distinct).min()) if samples.classes.distinct is not None else 0.0
    text = (
        f"COLUMNS: the classes are multiples of {step:.4g}, as if their numbers had been divided. Cast to integers "
        "they become one class. Multiply them back."
    )
    return warning("divided_labels", [samples.classes], text, step=step)


def contradicting(samples: Samples) -> DataWarning | None:
    """Warn of equal inputs with different targets."""
    repetition = samples.repetition
    if repetition is None or repetition.discrete or repetition.contradicting <= 0.01 * samples.rows:
        return None
    text = f"{repetition.contradicting:,} inputs occur with more than one target: no network answers both rightly."
    return warning("contradicting_labels", samples.target, text, inputs=repetition.contradicting)


def few_samples(samples: Samples) -> DataWarning | None:
    """Warn of classes with few samples."""
    column = samples.classes
    if column is None or column.counts is None or not 0 < 2 * MIN_SAMPLES * len(column.counts) <= samples.rows:
        return None
    few, rarest = int((column.counts < MIN_SAMPLES).sum()), int(column.counts.min())
    if not few:
        return None
    single = " A class of one sample is either trained on or validated on." if rarest == 1 else ""
    text = f"COLUMNS: {few} classes have fewer than {MIN_SAMPLES} samples, the rarest {rarest}.{single} Collect more."
    return warning("few_samples", [column], text, classes=few, rarest=rarest)


def noise(samples: Samples) -> DataWarning | None:
    """Warn of samples that their neighbours contradict."""
    neighbours = samples.neighbours
    if neighbours.contradicted is None or (neighbours.compared or 0) < MIN_COMPARED or neighbours.contradicted < NOISE:
        return None
    share = neighbours.contradicted
    text = (
        f"COLUMNS: {share:.1%} of the samples whose neighbours agree on a class have another one. Are the labels right?"
    )
    return warning("label_noise", samples.target, text, contradicted=share, compared=neighbours.compared or 0)


def mixed_forms(samples: Samples) -> DataWarning | None:
    """Warn of one-hot rows or columns beside the numbers that they stand for."""
    target = samples.columns.get(TARGET)
    other = samples.columns.get(f"{TARGET}{VALIDATION}")
    if target is not None and other is not None and target.profile.shape != other.profile.shape:
        text = "COLUMNS: one holds one-hot rows and the other the numbers of classes. Bring both into one form."
        return warning("one_hot_beside_integers", [target, other], text)
    stems: dict[str, list[Column]] = {}
    for name, column in samples.columns.items():
        if "_" in name and _is_binary(column):
            stems.setdefault(name.rpartition("_")[0], []).append(column)
    for stem, columns in stems.items():
        whole = samples.columns.get(stem)
        coded = whole is not None and whole.profile.type in ("integer", "category")
        if whole is not None and coded and len(columns) > 1 and _one_in_each_row(columns):
            text = "COLUMNS: a column and its one-hot form say the same twice. Keep one of them."
            return warning("one_hot_beside_integers", [whole, *columns], text)
    return None


def _is_binary(column: Column) -> bool:
    return column.distinct is not None and len(column.distinct) == 2 and set(column.distinct.tolist()) == {0, 1}


def _one_in_each_row(columns: Sequence[Column]) -> bool:
    return bool((np.sum([each.values for each in columns], axis=0) == 1).all())


def shifted(samples: Samples) -> DataWarning | None:
    """Warn of classes that are not counted from 0."""
    column = samples.classes
    if column is None or column.profile.type != "integer" or not (column.profile.minimum or 0) >= 1:
        return None
    low, high = int(column.profile.minimum or 0), int(column.profile.maximum or 0)
    text = (
        f"COLUMNS: the numbers of the classes go from {low} to {high}. Losses count them from 0: the last one lies "
        f"beyond {column.profile.distinct} output units. Subtract {low}, or let them count as names."
    )
    return warning("shifted_labels", [column], text, smallest=low, largest=high)


def texts(samples: Samples) -> DataWarning | None:
    """Say how classes that are texts are numbered."""
    column = samples.classes
    if column is None or column.profile.type != "category":
        return None
    text = "COLUMNS: the classes are texts. They are numbered in their alphabetical order, from 0."
    return warning("text_labels", [column], text, classes=column.profile.distinct or 0)


def target_scale(samples: Samples) -> DataWarning | None:
    """Warn of targets far from the size of an output."""
    columns = [each for each in samples.target if samples.proposal.task == "values" and is_far_from_one(each)]
    if not columns:
        return None
    std = columns[0].profile.std or 0
    text = f"COLUMNS: a standard deviation of {std:.3g}; a network's output begins near 1. Standardise the target."
    return warning("target_scale", columns, text, std=std)


def unequal(samples: Samples) -> DataWarning | None:
    """Warn of classes of very different size."""
    column = samples.classes
    if column is None or column.counts is None or len(column.counts) < 2:
        return None
    ratio = column.counts.max() / column.counts.min()
    if ratio <= IMBALANCE:
        return None
    text = (
        f"COLUMNS: the commonest class has {ratio:.3g} times as many samples as the rarest. Judge by recall or the F1 "
        "score, and weigh the rare class more."
    )
    return warning("unequal_classes", [column], text, ratio=ratio)


def ordered(samples: Samples) -> DataWarning | None:
    """Warn of rows in the order of their class."""
    column = samples.classes
    if column is None or column.counts is None or column.values.ndim > 1 or len(column.counts) < 2:
        return None
    blocks = int((column.values[1:] != column.values[:-1]).sum()) + 1
    if blocks > 2 * len(column.counts) or samples.rows < 10 * len(column.counts):
        return None
    text = (
        "COLUMNS: the rows are in the order of their class. Shuffle them: a division in order validates on classes "
        "that were never trained on, and batches in order teach one class at a time."
    )
    return warning("ordered_by_class", [column], text, blocks=blocks)
