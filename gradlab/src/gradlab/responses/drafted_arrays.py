"""Arrays of a draft: one whose samples go into an input of the model as they are."""

from collections.abc import Sequence
from typing import Any

from gradlab.errors import Invalid, Problem
from gradlab.profile import ColumnProfile, Profile
from gradlab.responses.drafted_columns import chosen_steps, filling
from gradlab.schemas.drafts import DraftRequest

# Shape of a sample as a model takes it; None for an unknown axis.
Shape = tuple[int | None, ...]
# The name of the only input's array in an NPZ file, as `POST /datasets` takes it.
ARRAY = "x"


def array_of(profile: Profile, columns: Sequence[str] | None) -> ColumnProfile | None:
    """Return the array that is an input; None for columns of a table, one of which may be called x.

    Args:
        profile: that of the dataset.
        columns: the names that a request has for the input; None for none.
    """
    names = (ARRAY,) if columns is None else tuple(columns)
    return next((column for column in profile.columns if (column.name,) == names and column.shape), None)


def check_shape(array: ColumnProfile, shape: Shape | None) -> None:
    """Refuse an array that does not go into an input. Raises Invalid."""
    if shape is not None and not _fits(array.shape, shape):
        raise Invalid(Problem("features", expected_array(shape), f"{array.name}, with samples of shape {array.shape}"))


def expected_array(shape: Shape) -> str:
    """Return the expectation of an array in the words of an error."""
    return f"an array whose samples have the shape that the model takes, {str(shape).replace('None', 'any')}"


def steps_of_array(request: DraftRequest, array: ColumnProfile, assumptions: list[str]) -> list[dict[str, Any]]:
    """Return the steps of an array's preparation: the request's, else the filling of gaps."""
    if request.prepare is not None:
        return chosen_steps(request.prepare)
    return [filling([array.name], assumptions)] if array.missing else []


def _fits(array: tuple[int, ...], model: Shape) -> bool:
    """True if samples of a shape go into a model, whose unknown axes are None."""
    return len(array) == len(model) and all(own is None or own == size for size, own in zip(array, model, strict=True))
