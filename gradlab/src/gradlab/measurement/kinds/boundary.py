"""Decision boundary: a network's outputs on a grid over the plane of its two inputs."""

from gradlab.measurement.history import Tensor
from gradlab.measurement.kinds.kind import MeasuredNetwork, RecordField, SeriesKind

# Grid points along each of the two inputs.
PLANE_POINTS = 32
# Default bounds: recordings in a training, and output units of a network whose boundary is recorded. One recording of
# one unit takes 4 kB: 32 × 32 float32.
BOUNDARIES, MAX_PLANES = 20, 10
# The grid's points row by row: the first input rises along a row, the second from row to row.
POINTS = tuple(map(str, range(PLANE_POINTS**2)))


def default_every(network: MeasuredNetwork) -> int:
    """Return the boundary's default recording interval in epochs; 0 for never.

    It lies between `epochs` / 20 and `epochs` / 10, and divides `epochs` if a number in this range does.
    """
    if not network.has_boundary or network.layers[-1].outputs > MAX_PLANES:
        return 0
    least = max(1, -(-network.epochs // BOUNDARIES))
    return next((every for every in range(least, 2 * least) if network.epochs % every == 0), least)


def _planes(network: MeasuredNetwork) -> tuple[Tensor, ...]:
    """Return one tensor for each output unit, named by the unit's class. A single unit stands for class 1."""
    last = network.layers[-1]
    classes = range(last.outputs) if last.outputs > 1 else (1,)
    return tuple(Tensor(last.name, f"class_{each}", (PLANE_POINTS, PLANE_POINTS)) for each in classes)


def _points(network: MeasuredNetwork) -> tuple[str, ...]:
    return POINTS


RECORD = RecordField(
    name="boundary",
    description="The network's outputs on a grid of 32 × 32 points over the plane, for data of classes with two "
    "inputs. By default ten to twenty times in a training with at most ten classes; never for other data.",
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
    is_sent=False,
    column_prefix="point_",
)
