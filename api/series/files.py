"""Series as files: a tidy table, or an archive of arrays with every bit."""

import csv
import io
from collections.abc import Iterable
from typing import Any

import numpy as np


def to_csv(rows: Iterable[tuple[Any, ...]]) -> str:
    """A table as text; NaN and infinities as `nan`, `inf` and `-inf`."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def to_npz(arrays: dict[str, np.ndarray]) -> bytes:
    """Named arrays as an NPZ archive without pickles."""
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **arrays)  # float32 noise does not compress
    return archive.getvalue()
