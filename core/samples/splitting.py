"""Splits: the rows of a table that are for training, and those for validation, in the order of the samples."""

import numpy as np

from core.samples.summary import name_of
from core.samples.table import Table
from gradlab.errors import Invalid, Problem
from gradlab.vocabulary.splits import Split, SplitByColumn, SplitInOrder, StratifiedSplit

Rows = tuple[np.ndarray, np.ndarray]


def split_rows(split: Split, table: Table, *, classes: np.ndarray | None, seed: int) -> Rows:
    """Return the training rows and the validation rows, int64 each.

    A random split puts its rows in a random order, the others keep the file's.

    Args:
        split: how to divide the rows.
        table: the table.
        classes: (rows,) the class of each row, for a stratified split.
        seed: of the random order.

    Raises:
        Invalid: a part would be empty.
    """
    if isinstance(split, SplitByColumn):
        return _by_column(split, table)
    count: int = split.train_count(table.rows)  # type: ignore[attr-defined]
    if isinstance(split, SplitInOrder):
        rows = np.arange(table.rows)
        return rows[:count], rows[count:]
    random = np.random.default_rng(seed)
    if isinstance(split, StratifiedSplit):
        assert classes is not None
        return _stratified(classes, count, random)
    order = random.permutation(table.rows)
    return order[:count], order[count:]


def shuffled(rows: np.ndarray, seed: int) -> np.ndarray:
    """Return rows in a random order: the first ones, which are probed, may else be of one class."""
    return np.asarray(np.random.default_rng(seed).permutation(rows))


def share_of_classes(counts: np.ndarray, train: int) -> np.ndarray:
    """Return how many rows of each class are for training: (classes,) int64, `train` together.

    Each class gets its share rounded down; the rows that are left go to the classes with the largest remainders.
    """
    exact = counts * (train / max(1, counts.sum()))
    whole: np.ndarray = np.floor(exact).astype(np.int64)
    order = np.argsort(whole - exact, kind="stable")
    whole[order[: train - whole.sum()]] += 1
    return whole


def is_training(values: np.ndarray, categories: tuple[str, ...] | None, train: tuple[str, ...]) -> np.ndarray:
    """(rows,) True for rows whose value in a column is one of the texts of `train`."""
    if categories is not None:
        places = [place for place, text in enumerate(categories) if text in train]
        return np.asarray(np.isin(values, places))
    distinct, inverse = np.unique(values, return_inverse=True)
    chosen = np.array([name_of(each, values.dtype) in train for each in distinct.tolist()], bool)
    return np.asarray(chosen[inverse])


def _by_column(split: SplitByColumn, table: Table) -> Rows:
    column = table.columns[split.column]
    chosen = is_training(column.values, column.categories, split.train)
    if chosen.all() or not chosen.any():
        part = "validation" if chosen.all() else "training"
        received = f"{', '.join(split.train)}: no {part} rows in {split.column}"
        raise Invalid(Problem("dataset.split.train", "values of some rows, and not of all", received))
    return np.flatnonzero(chosen), np.flatnonzero(~chosen)


def _stratified(classes: np.ndarray, count: int, random: np.random.Generator) -> Rows:
    order = random.permutation(len(classes))
    _, numbers, counts = np.unique(classes[order], return_inverse=True, return_counts=True)
    shares = share_of_classes(counts, count)
    by_class = np.argsort(numbers, kind="stable")
    begins = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place = np.empty(len(order), np.int64)  # of each row within its class
    place[by_class] = np.arange(len(order)) - np.repeat(begins, counts)
    training = place < shares[numbers]
    return order[training], order[~training]
