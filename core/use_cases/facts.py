"""Facts about the data of experiments: measured by the worker that trains them, or later on request."""

from dataclasses import replace
from uuid import UUID

import structlog

from core.queue import JobQueue
from core.records import Experiment
from core.store import ExperimentStore
from gradlab.errors import Unavailable
from gradlab.facts import Facts, of_spec
from gradlab.facts.learnable import linear_model_score
from gradlab.facts.measurement import Load, flat
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets import Dataset

log = structlog.get_logger()


def of_drawn(spec: ExperimentSpec) -> Facts | None:
    """Return the facts of an experiment whose samples follow from its spec, None for another one."""
    return of_spec(spec) if spec.dataset.is_drawn else None


def measured(spec: ExperimentSpec, load: Load) -> Facts | None:
    """Return the facts of an experiment; None if they cannot be worked out. The training goes on without them.

    Those of an uploaded dataset hold all that is known of its samples: whoever compares trainings has none of them.
    """
    try:
        if spec.dataset.is_drawn:
            return of_spec(spec, load)
        data = load(spec.dataset)  # held meanwhile: a loader loads what nobody holds anew each time
        return _with_linear(of_spec(spec, load), spec, data)
    except Exception:
        log.exception("facts_failed")
        return None


def _with_linear(facts: Facts, spec: ExperimentSpec, data: Dataset) -> Facts:
    """The facts with the score of a linear model, of several outputs with that of each."""
    x = [flat(part) for part in (data.train_x, data.val_x)]
    if len(spec.outputs) == 1:
        linear = linear_model_score(replace(data, train_x=x[0], val_x=x[1]), spec.outputs[0].target)
        return facts.model_copy(update={"linear": linear})
    outputs = dict(facts.outputs or {})
    for output, *y in zip(spec.outputs, data.train_y, data.val_y, strict=True):
        if output.name in outputs:
            linear = linear_model_score(Dataset(x[0], y[0], x[1], y[1]), output.target)
            outputs[output.name] = outputs[output.name].model_copy(update={"linear": linear})
    return facts.model_copy(update={"outputs": outputs})


def request(experiment: Experiment, *, store: ExperimentStore, queue: JobQueue) -> None:
    """Ask a worker for the facts of an experiment that an earlier version has trained, unless it was asked lately."""
    if experiment.is_external or not store.facts.request(experiment.id):
        return
    try:
        queue.publish(experiment.id)
    except Unavailable as error:
        log.warning("publish_failed", experiments=[str(experiment.id)], error=repr(error.__cause__))


def measure_if_requested(experiment_id: UUID, *, store: ExperimentStore, load: Load) -> None:
    """Work out the facts of an experiment that cannot be claimed, if they were requested."""
    spec = store.facts.requested(experiment_id)
    facts = None if spec is None else measured(spec, load)
    if facts is None:
        log.info("nothing_to_claim")
        return
    store.facts.put(experiment_id, facts)
    log.info("facts_measured")
