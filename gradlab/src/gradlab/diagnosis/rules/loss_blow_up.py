"""A training loss that has become many times as large as it was."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import DATA, DRAW, EXPLOSIONS, GROWTHS, STEPS
from gradlab.diagnosis.rule import Rule

# Ten times the loss of the best constant and of the beginning, in two epochs in a row: beyond the noise of
# mini-batches. One epoch is enough if the run has left the finite numbers, since no more follow.
RATIO, TIMES = 10.0, 2


def detect(run: Run) -> Sighting | None:
    """Compare the loss with the initial loss, and with that of the best constant answer."""
    loss = run.metric("loss")
    if loss is None or len(loss) < 2:
        return None
    begun = loss[0] if run.history.first_epoch == run.view.first_epoch and np.isfinite(loss[0]) else 0.0
    level = max(begun, run.view.constant_loss)
    high = (loss > RATIO * level) & np.isfinite(loss)
    high[0] = False
    times = 1 if run.stopped_by == "nonfinite" else TIMES
    lasting = high.copy()
    for back in range(1, times):
        lasting[back:] &= high[:-back]
        lasting[:back] = False
    if not level > 0 or not lasting.any():
        return None
    since = int(run.epochs[np.nonzero(lasting)[0][0]]) - times + 1
    measures = (
        measure("loss_ratio", float(loss[high].max() / level), ">", RATIO),
        measure("loss", float(loss[high].max()), ">", RATIO * level),
    )
    return Sighting((), since, measures)


RULE = Rule(
    name="loss_blow_up",
    title="The loss blows up",
    kind="symptom",
    severity="critical",
    formula=(
        "loss > ratio·max(loss at epoch 0, L₀) in `times` epochs in a row; L₀ being the loss of the best constant "
        "prediction"
    ),
    thresholds={"ratio": RATIO, "times": TIMES},
    source=(
        "AutoTrainer (Zhang et al. 2021) and TheDeepChecker (Ben Braiek & Khomh 2022), made independent of the loss's "
        "scale"
    ),
    explanation=(
        "The training loss has grown to {loss}, {loss_ratio} times what it was at the beginning or what a constant "
        "would lose. The updates make the network worse: they overshoot. Scale the inputs, lower the learning rate, or "
        "clip the gradient."
    ),
    remedies=("input_scaling", "learning_rate_lower", "clip_by_global_norm", "initializer_for_activation"),
    also=(
        "target_scaling",
        "activation_tanh",
        "learning_rate_usual",
    ),
    causes=(*DATA, *DRAW, *GROWTHS, "initial_loss", *STEPS, *EXPLOSIONS[:3]),
    detect=detect,
    of_output=True,
)
