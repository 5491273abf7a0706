"""Output and target whose shapes differ and broadcast."""

import math

from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.unknown import Unknown
from gradlab.diagnosis.wired import BY_DATA, batch_of, wiring_of

# Each output has one target.
RATIO = 1.0
# Stands for a number of samples that is not known: more than any axis has.
UNKNOWN_BATCH = 2**40
Shape = tuple[int | None, ...]


def detect(run: Run) -> Sighting | None:
    """Compare the shapes of output and target as the loss got them."""
    wiring = wiring_of(run)
    if wiring is None or not isinstance(run, ExternalRun):
        return None
    if run.external.outputs:
        raise Unknown("which shapes its losses get is not recorded of several outputs")
    output, target = wiring.output_shape, wiring.target_shape
    if output is None or target is None:
        raise Unknown("which shapes of output and target its loss gets is not known", BY_DATA)
    if not output or not target or _takes_indices(run, output, target):
        return None
    if run.external.framework == "keras":
        output, target = _made_alike(output, target)
    ratio = _pairs(output, target, batch_of(run) or target[0])
    if ratio is None:
        return None
    across = _axis_of_batch(output) != _axis_of_batch(target)
    standard = run.external.loss is not None and run.external.loss.function is not None
    if not across and not standard:  # a loss of one's own may compare one target with several outputs on purpose
        return None
    explanation = (ACROSS if across else WITHIN).replace("SHAPE", _text(output)).replace("TARGET", _text(target))
    measures = (measure("pairs_per_output", ratio, ">", RATIO, "pairs"),)
    return Sighting((), 0, measures, "critical" if across and standard else None, explanation=explanation)


def _takes_indices(run: ExternalRun, output: Shape, target: Shape) -> bool:
    """True if each target is the number of one of the outputs along the last axis, or along the second one."""
    wiring, loss = run.wiring, run.external.loss
    if loss is not None and loss.kind.startswith("sparse_"):
        return True
    indices = wiring is not None and wiring.target_form == "indices"
    return indices and len(target) == len(output) - 1 and 1 not in output[1:]


def _made_alike(output: Shape, target: Shape) -> tuple[Shape, Shape]:
    """The shapes as Keras's losses compare them: a last axis of 1 that only one of them has is added or dropped."""
    if len(output) == len(target) + 1 and output[-1] == 1:
        return output, (*target, 1)
    if len(target) == len(output) + 1 and target[-1] == 1:
        return (*output, 1), target
    return output, target


def _pairs(output: Shape, target: Shape, batch: int | None) -> float | None:
    """Pairs of an output and a target that are compared, for each output; None if the shapes are equal or do not fit.

    The first axis of both is that of the batch, of `batch` samples; NaN where that is None and decides. Another axis
    of unknown size counts as fitting.
    """
    if batch == 1:
        return None
    axes, ratio, repeated = max(len(output), len(target)), 1.0, False
    one, other = (_aligned(shape, batch or UNKNOWN_BATCH, axes) for shape in (output, target))
    for a, b in zip(one, other, strict=True):
        if a is None or b is None or a == b:
            continue
        if 1 not in (a, b):
            return None
        repeated, ratio = True, ratio * max(a, b) / a
    if not repeated:
        return None
    return ratio if batch or ratio < UNKNOWN_BATCH else math.nan


def _aligned(shape: Shape, batch: int, axes: int) -> list[int | None]:
    """The sizes of a shape with `batch` samples, after as many axes of 1 as it has fewer than `axes`."""
    return [*[1] * (axes - len(shape)), batch, *shape[1:]]


def _axis_of_batch(shape: Shape) -> int:
    return -len(shape)


def _text(shape: Shape) -> str:
    sizes = ["N", *("any" if size is None else str(size) for size in shape[1:])]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


ACROSS = (
    "The loss gets outputs of shape SHAPE and targets of shape TARGET, for N samples. It compares every sample's "
    "output with the targets of all samples[[, {pairs_per_output:!pair|pairs} for each output,]] and averages: the "
    "best answer to that is the mean target, the same for every input. Give both the same shape: `output.squeeze(-1)` "
    "or `target.unsqueeze(-1)`."
)
WITHIN = (
    "The loss gets outputs of shape SHAPE and targets of shape TARGET, for N samples, and repeats the smaller one "
    "along the axes that it does not have: several numbers are compared with one. Give both the same shape, with as "
    "many outputs as each sample has targets."
)

RULE = Rule(
    name="broadcast_target",
    title="Output and target have shapes that broadcast",
    kind="risk",
    severity="warning",
    formula="shape of the output ≠ shape of the target, and the two broadcast: pairs/outputs > ratio, or one repeated",
    thresholds={"ratio": RATIO},
    source="NumPy's rules of broadcasting; torch.nn.functional.mse_loss warns of it",
    explanation=(
        "The loss gets outputs and targets of different shapes, and repeats them until they fit. "
        "{pairs_per_output:pair of both is|pairs of both are} compared for each output. Give both the same shape."
    ),
    remedies=(),
    causes=(),
    detect=detect,
)
