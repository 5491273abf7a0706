"""Weights that have a gradient and do not change."""

from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.wired import layers_of, since_training, tensors_of
from gradlab.facts.wiring import TensorWiring

# Batches before a tensor that has not moved counts as one that does not. The first step of a learning rate that is
# raised from 0 has the rate 0, and the second is not always recorded yet.
MIN_BATCHES = 3

NOT_IN_OPTIMIZER = (
    "Of {all_tensors:weight tensor|weight tensors} {unchanged_tensors:has|have} gradients and keep their values, in "
    "{layers}: the optimiser does not hold them. They stay as they were drawn. Give the optimiser all parameters of "
    "the model after its last layer has been made (`model.parameters()`), or set what is to stay to need no gradient."
)
RATE_OF_ZERO = (
    "Of {all_tensors:weight tensor|weight tensors} {unchanged_tensors:has|have} gradients and keep their values, in "
    "{layers}: the learning rate is {learning_rate}. Set one above 0, and look at the schedule: it may start at 0 and "
    "never be stepped, or be stepped once a batch although it counts epochs, and so be at its end already."
)


def detect(run: Run) -> Sighting | None:
    """Find the tensors with gradients whose values never change, and the reason."""
    trained = {path: each for path, each in tensors_of(run).items() if not each.frozen}
    unchanged = [path for path, each in trained.items() if _has_gradient(each) and _keeps_value(each)]
    if not unchanged or not isinstance(run, ExternalRun):
        return None
    rate = _largest_rate(run)
    outside = [path for path in unchanged if trained[path].in_optimizer is False]
    if rate != 0 and len(unchanged) < len(trained):
        # Some weights are stepped. Those in the optimiser that keep their values beside them have gradients too small
        # for their number format, as behind saturated units: other rules' findings, not a fault of the wiring.
        unchanged = outside
    if not unchanged:
        return None
    counts = (
        measure("unchanged_tensors", len(unchanged), ">", 0, "weight tensors"),
        measure("all_tensors", len(trained), ">", None, "weight tensors"),
        measure("learning_rate", rate, "==", 0 if rate == 0 else None),
    )
    explanation = RATE_OF_ZERO if rate == 0 else NOT_IN_OPTIMIZER if outside else None
    layers, since = layers_of(run, unchanged), since_training(run)
    if len(unchanged) == len(trained):
        return Sighting(layers, since, counts, "critical", "failure", explanation)
    return Sighting(layers, since, counts, explanation=explanation)


def _has_gradient(tensor: TensorWiring) -> bool:
    if tensor.batches is None or tensor.batches < MIN_BATCHES:
        return False
    return (tensor.missing or 0) + (tensor.zero or 0) < tensor.batches


def _keeps_value(tensor: TensorWiring) -> bool:
    return tensor.changed is False or (tensor.in_optimizer is False and tensor.changed is None)


def _largest_rate(run: ExternalRun) -> float:
    """The largest learning rate of all parameter groups and records; NaN if none was recorded."""
    names = [name for name in run.history.layout.metrics if name.startswith("learning_rate")]
    rates = [values for name in names if (values := run.metric(name)) is not None]
    return max((float(each.max()) for each in rates), default=float("nan"))


RULE = Rule(
    name="unchanged_weights",
    title="Weights have gradients and do not change",
    kind="risk",
    severity="warning",
    formula="#{weight tensors with a gradient other than 0 in some of batches ≥ fewest_batches, and equal values} > 0",
    thresholds={"tensors": 0.0, "fewest_batches": MIN_BATCHES},
    source="torch.optim.Optimizer: a step changes what was given to the optimiser, by its learning rate",
    explanation=(
        "Of {all_tensors:weight tensor|weight tensors} {unchanged_tensors:has|have} gradients and keep their values, "
        "in {layers}. Either no step of the optimiser follows the backward pass, or the steps are smaller than what a "
        "weight can resolve in its number format (float16 drops changes below about a thousandth of the weight). Call "
        "`optimizer.step()` after `loss.backward()`, raise the learning rate, or keep the weights in float32."
    ),
    remedies=(),
    causes=("skipped_updates",),
    detect=detect,
)
