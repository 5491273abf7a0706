"""A signal that vanishes in the backward pass through the time steps of a recurrent layer."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import SATURATIONS, STEPS
from gradlab.diagnosis.layers import RECURRENT
from gradlab.diagnosis.recorded import Recorded, middle
from gradlab.diagnosis.rule import Rule

# rms δ at the first time step divided by that at the last. On the adding problem a simple recurrent network that learns
# nothing stays below a thousandth. A GRU and an LSTM rise above it in the epochs in which their loss falls.
RATIO = 1e-3


def detect(run: Run) -> Sighting | None:
    """Compare each recurrent layer's signal at the first time step with that at the last."""
    ratios = step_ratios(run)
    if ratios is None:
        return None
    since = ratios.by_layer(lambda small: _since(ratios, small), ratios.values < RATIO)
    if not since:
        return None
    columns = [ratios.values[:, ratios.layers.index(layer)] for layer in since]
    usual = min(middle(column[column < RATIO]) for column in columns)
    return Sighting(tuple(since), min(since.values()), (measure("step_ratio", usual, "<", RATIO),))


def _since(ratios: Recorded, small: np.ndarray) -> int | None:
    """The epoch since which the signal vanishes: 0 if it does before the first update, else the first of most epochs.

    A network sees only by chance later what it does not see at first. Runs that fail began so, even if noise made the
    recurrent kernel grow later.
    """
    return 0 if ratios.epochs[0] == 0 and small[0] else ratios.mostly(small)


def step_ratios(run: Run) -> Recorded | None:
    """Return rms δ at the first time step divided by that at the last; None without recurrent layers.

    The values are (epochs, recurrent layers), NaN where the last one is 0.

    Raises:
        Unrecorded: signals at each time step are not recorded.
    """
    if not any(layer.kind in RECURRENT for layer in run.view.layers):
        return None
    run.need("time_signals")
    history = run.history
    layout, values = history.layout["time_signals"], history.series["time_signals"]
    shapes = {tensor.layer: run.view.by_name[tensor.layer].input_shape for tensor in layout.tensors}
    ratios = np.full(values.shape[:2], np.nan)
    for place, tensor in enumerate(layout.tensors):
        first, last = (values[:, place, step].astype(np.float64) for step in (0, shapes[tensor.layer][0] - 1))
        ratios[:, place] = np.where(last > 0, first / last, np.nan)
    return Recorded(np.array(history.epochs_of("time_signals")), layout.tensors, ratios)


RULE = Rule(
    name="vanishing_through_time",
    title="Gradients vanish through time",
    kind="symptom",
    severity="critical",
    formula="rms δ at the first time step < ratio·rms δ at the last one, in most recorded epochs or at epoch 0",
    thresholds={"ratio": RATIO},
    source="Hochreiter 1991; Bengio, Simard & Frasconi 1994; threshold measured here on the adding problem",
    explanation=(
        "In {layers} the signal that reaches the first time step is {step_ratio:%} of that at the last one. Each step "
        "back multiplies it by the recurrent kernel and the activation's slope; over many steps next to nothing is "
        "left, and what happened early cannot be learnt from. Gates (LSTM, GRU) let the signal pass, an orthogonal "
        "recurrent kernel shrinks it less."
    ),
    remedies=("gru_for_simple_rnn", "lstm_for_simple_rnn", "orthogonal_recurrent"),
    causes=("input_range", *STEPS, "exploding_through_time", *SATURATIONS),
    detect=detect,
)
