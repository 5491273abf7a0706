"""Series as files: a tidy table, or an archive of arrays with every bit."""

import csv
import io
from collections.abc import Iterable
from typing import Any

import numpy as np

# What makes a spreadsheet calculate a cell, or look at what follows: a formula's first character, in full width as well
# (as Japanese editions take it), a tab, and ends of lines.
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def to_csv(rows: Iterable[tuple[Any, ...]]) -> str:
    """A table as text; NaN and infinities as `nan`, `inf` and `-inf`.

    Names are chosen by whoever sends a training: one that a spreadsheet would calculate gets an apostrophe in front,
    which makes it text. Numbers stay numbers, negative ones too.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_as_text, row) for row in rows)
    return text.getvalue()


def _as_text(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def to_npz(arrays: dict[str, np.ndarray]) -> bytes:
    """Named arrays as an NPZ archive without pickles."""
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **arrays)  # float32 noise does not compress
    return archive.getvalue()
