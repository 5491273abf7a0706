"""Measurement of a profile from the columns of a table, or from the arrays of a file."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from gradlab.profile.columns import Column, describe, of_text
from gradlab.profile.data_warnings import warnings_of
from gradlab.profile.model import MAX_PROFILE_BYTES, Profile, Proposal
from gradlab.profile.proposing import VALIDATION, propose
from gradlab.profile.samples import Samples

# Room for the braces around the columns, the version and the counts.
FRAME_BYTES = 200


def profile(
    columns: Mapping[str, np.ndarray],
    categories: Mapping[str, tuple[str, ...]],
    rows: int,
    *,
    validation: Mapping[str, np.ndarray] | None = None,
    texts: Collection[str] = (),
) -> Profile:
    """Profile samples: some seconds of one core for 1,000,000 rows of 50 numbers, and 60 MB beside the columns.

    Arrays that are called ``x``, ``y`` and ``sample_weight`` are inputs, targets and weights.

    Args:
        columns: name -> (rows, *shape) numbers or booleans, in the file's order; of texts the codes, −1 for a missing
            one. They may be mapped from a file: they are read in pieces.
        categories: name -> the texts that a column's codes stand for.
        rows: number of rows.
        validation: the arrays of the validation samples by the same names; they are listed as ``x_val`` and ``y_val``.
        texts: names of columns of texts that are too many to be kept.
    """
    arrays = dict(columns) | {f"{name}{VALIDATION}": values for name, values in (validation or {}).items()}
    with np.errstate(all="ignore"):
        described = {name: describe(name, values, categories.get(name)) for name, values in arrays.items()}
        described |= {name: of_text(name, rows) for name in texts}
        proposal, leaks = propose(described, rows)
        warnings = warnings_of(Samples(described, rows, proposal, leaks))
    fields = {"rows": rows, "column_count": len(described), "warnings": warnings}
    return _within_bounds(tuple(described.values()), proposal, fields)


def _within_bounds(columns: Sequence[Column], proposal: Proposal, fields: Mapping[str, Any]) -> Profile:
    """The profile, without histograms and commonest categories or with the first columns alone if it is too large."""
    room = MAX_PROFILE_BYTES - FRAME_BYTES - sum(_size(each) for each in (proposal, *fields["warnings"]))
    if room < MAX_PROFILE_BYTES / 4:
        # Steps over thousands of columns with long names: whoever trains on them names the columns.
        proposal = proposal.model_copy(update={"prepare": (), "features": ()})
        room = MAX_PROFILE_BYTES - FRAME_BYTES - sum(_size(each) for each in (proposal, *fields["warnings"]))
    profiles = [each.profile for each in columns]
    if sum(map(_size, profiles)) > room:
        profiles = [each.model_copy(update={"histogram": None, "commonest": ()}) for each in profiles]
    sizes = np.cumsum([_size(each) for each in profiles])
    kept = int(np.searchsorted(sizes, room, side="right"))
    return Profile(**fields, columns=tuple(profiles[:kept]), proposal=proposal)


def _size(part: Any) -> int:
    return len(part.model_dump_json().encode()) + 1
