"""A quarter of the batch size, which makes four times as many updates in an epoch."""

from gradlab.errors import Invalid, Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec

FACTOR = 4


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    size = min(spec.training.batch_size, spec.dataset.train_count)
    smallest = 2 if any(layer.spec.mixes_samples for layer in spec.layers) else 1  # one sample has no variance
    refusal = Problem("training.batch_size", f"a batch of more than {smallest}", str(size))
    if size <= smallest:
        raise Invalid(refusal)
    return treated(spec, REMEDY.name, refusal, training={"batch_size": max(smallest, size // FACTOR)})


REMEDY = Remedy(
    name="batch_size_smaller",
    title="A quarter of the batch",
    order=290,
    changes=f"Mini-batches have a {FACTOR}th as many samples: an epoch makes {FACTOR} times as many updates.",
    source="Bengio 2012, section 3.1.2; Masters & Luschi 2018: small batches need fewer epochs.",
    apply=_apply,
    steps=True,
)
