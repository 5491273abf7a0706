"""More samples in a batch."""

from gradlab.errors import Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec

# Keras's default, and the size below which a batch is small: half of that.
USUAL, SMALL = 32, 16


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    samples = spec.dataset.train_count
    before = min(spec.training.batch_size, samples)
    size = min(USUAL, samples) if before < SMALL else before
    if samples % size == 1:  # a single sample has no variance
        size = next(each for each in range(size + 1, samples + 1) if samples % each != 1)
    expected = f"fewer than {SMALL} samples, or a number of them that leaves one sample alone"
    refusal = Problem("training.batch_size", expected, str(before))
    training = {"batch_size": size} if size > before else {}
    return treated(spec, REMEDY.name, refusal, training=training)


REMEDY = Remedy(
    name="batch_size_larger",
    title="Larger batches",
    order=220,
    changes=f"Batches of fewer than {SMALL} samples get {USUAL}, and no epoch ends with a batch of one sample.",
    source="Keras's own batch size; larger batches as in AutoTrainer (Zhang et al. 2021).",
    apply=_apply,
)
