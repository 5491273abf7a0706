"""What a network answers on a grid over the plane of two inputs: where its classes meet."""

from gradlab.measurement.history import Tensor
from gradlab.measurement.kinds.kind import MeasuredNetwork, RecordField, SeriesKind

# The plane that a decision boundary is drawn in has so many points along each input.
PLANE_POINTS = 32
# How often the boundary is recorded by default, and of how many output units at most: each takes 4 kB a time.
BOUNDARIES, MAX_PLANES = 20, 10
# The points of the plane, row by row: the first input rises along a row, the second from row to row.
POINTS = tuple(map(str, range(PLANE_POINTS**2)))


def default_every(network: MeasuredNetwork) -> int:
    """Return every how many epochs the boundary is recorded by default; 0 for never.

    That is an interval between `epochs` / 20 and `epochs` / 10 that meets the last epoch, if one does.
    """
    if not network.has_boundary or network.layers[-1].outputs > MAX_PLANES:
        return 0
    least = max(1, -(-network.epochs // BOUNDARIES))
    return next((every for every in range(least, 2 * least) if network.epochs % every == 0), least)


def _planes(network: MeasuredNetwork) -> tuple[Tensor, ...]:
    """One for each output unit, named by the class that it speaks for: a single one speaks for class 1."""
    last = network.layers[-1]
    classes = range(last.outputs) if last.outputs > 1 else (1,)
    return tuple(Tensor(last.name, f"class_{each}", (PLANE_POINTS, PLANE_POINTS)) for each in classes)


def _points(network: MeasuredNetwork) -> tuple[str, ...]:
    return POINTS


RECORD = RecordField(
    name="boundary",
    description="What the network answers on a grid of 32 × 32 points over the plane, for data of classes with two "
    "inputs. By\ndefault ten to twenty times in a training where there is such a boundary, between ten classes at "
    "most, and never\nwhere there is none.",
    default=None,
    every=default_every,
    full=None,
    sent_description=None,
)

BOUNDARY = SeriesKind(
    name="boundary",
    title="Decision boundary",
    noun="decision boundaries",
    path="boundary",
    record=RECORD,
    source="plane",
    shown_as="plane",
    tensors=_planes,
    places=_points,
    read_by_rules=False,
    sent_columns=None,
    column_prefix="point_",
)
