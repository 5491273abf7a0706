"""Series as files: a tidy table as CSV, or an NPZ archive of arrays, bit for bit."""

import csv
import io
from collections.abc import Iterable
from typing import Any

import numpy as np

# First characters that make a spreadsheet evaluate a cell: those of formulas, also in full width (Japanese editions
# accept them), tabs, and line ends.
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def to_csv(rows: Iterable[tuple[Any, ...]]) -> str:
    """Write a table as CSV. NaN and infinities become `nan`, `inf` and `-inf`.

    Names in it may come from external trainings. A name that a spreadsheet would evaluate as a formula is prefixed
    with an apostrophe, which makes it text. Numbers are left as they are.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_as_text, row) for row in rows)
    return text.getvalue()


def _as_text(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def to_npz(arrays: dict[str, np.ndarray]) -> bytes:
    """Write named arrays as an uncompressed NPZ archive without pickles."""
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **arrays)  # float32 noise does not compress
    return archive.getvalue()
