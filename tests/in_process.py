"""A training of the service without its worker's process."""

from uuid import UUID

from core.store import ExperimentStore
from core.training.train import train
from core.use_cases import experiments
from core.use_cases.samples import SampleLoader
from tests.builders import MINUTE


def trained_in_process(id: UUID, store: ExperimentStore, load: SampleLoader) -> None:
    """Train an experiment that waits in this process, as a worker does."""
    experiments.run(
        id,
        store=store,
        train=lambda spec, resume: train(spec, resume, samples=load(spec.dataset)),
        worker="one",
        stopping=lambda: False,
        checkpoint_every=MINUTE,
        versions={},
        load=load,
    )
