"""Initial weights that are too large or too small for their layer's width and activation."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.one_sided import one_sided
from gradlab.diagnosis.rule import Rule
from gradlab.theory import moments
from gradlab.theory.advised import reference

# The 90 % quantile of an F distribution with as many degrees of freedom as make it e: TheDeepChecker's bound on the
# variance's ratio (Ben Braiek & Khomh 2022).
VARIANCE_RATIO = 2.70554
# Factor by which signals change over all hidden layers. Networks below it train: 3 relu layers with Glorot's instead of
# He's variance change signals by 2 and learn, 20 layers change them by 700 and do not.
SIGNAL_CHANGE = 10.0
# A mean slope below a tenth of the steepest: the layer is saturated before the first update.
SLOPE = 0.1


def detect(run: Run) -> Sighting | None:
    """Compare each variance with the advised one, and the predictions of theory for both."""
    ratios = _ratios(run)
    own, advised = run.view.expected, run.view.expected_as_advised
    if own is None or advised is None or not ratios or max(ratios.values()) <= VARIANCE_RATIO:
        return None
    change, change_advised = own.signal_change, advised.signal_change
    slope, slope_advised = own.relative_slope, advised.relative_slope
    # More than half of the orders of magnitude must be due to the variance.
    worse = change > SIGNAL_CHANGE and change > change_advised**2
    if not worse and not slope < SLOPE <= slope_advised:
        return None
    measures = (
        measure("variance_ratio", max(ratios.values()), ">", VARIANCE_RATIO),
        measure("signal_change", change, ">", SIGNAL_CHANGE),
        measure("signal_change_if_advised", change_advised, "<", None),
        measure("relative_slope", slope, "<", SLOPE),
    )
    return Sighting(tuple(name for name, ratio in ratios.items() if ratio > VARIANCE_RATIO), 0, measures)


def _ratios(run: Run) -> dict[str, float]:
    """Factor, 1 or more, by which the variance of each hidden dense layer's kernel is too large or too small."""
    ratios = {}
    for layer in run.hidden_layers:
        kernel = layer.kernel if layer.kind == "dense" else None
        initializer = None if kernel is None else layer.initializer(kernel)
        if kernel is None or initializer is None or (function := layer.function) is None:
            continue
        shape = kernel.shape
        variance, advised = moments(initializer, shape).variance, reference(function, shape)
        if variance > 0 and layer.name not in one_sided(run):  # else units are copies: symmetric_units
            ratios[layer.name] = max(variance / advised, advised / variance)
    return ratios


RULE = Rule(
    name="initial_variance",
    title="The initial weights have the wrong size",
    kind="risk",
    severity="critical",
    formula=(
        "max over hidden dense layers of max(Var/ref, ref/Var) > variance_ratio, ref = 2/fan_in for relu and its like, "
        "1/fan_in for selu, 2/(fan_in + fan_out) else; and theory expects with Var, but not with ref, that signals "
        "change by more than signal_change over the hidden layers or that a mean slope falls below slope·steepest"
    ),
    thresholds={"variance_ratio": VARIANCE_RATIO, "signal_change": SIGNAL_CHANGE, "slope": SLOPE},
    source="Glorot & Bengio 2010; He et al. 2015; ratio: TheDeepChecker (Ben Braiek & Khomh 2022)",
    explanation=(
        "The variance of the initial weights of {layers} is off by a factor of up to {variance_ratio} from what keeps "
        "signals at their size. Each layer multiplies them by the same factor, so that over all layers theory expects "
        "a change by a factor of {signal_change}; with the variance that the literature advises it would be "
        "{signal_change_if_advised}. Signals that shrink leave nothing to learn from, signals that grow saturate the "
        "units or explode. Choose the initialiser that belongs to the activation."
    ),
    remedies=("initializer_for_activation", "batch_normalization", "layer_normalization"),
    also=("orthogonal_initializer",),
    causes=(),
    detect=detect,
)
