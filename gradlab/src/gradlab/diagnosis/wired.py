"""Quantities that rules read from the wiring of a training elsewhere.

The service's own trainings have no wiring: its engine zeroes gradients, steps every trainable tensor, shuffles, checks
shapes and sets the training mode itself. The rules on wiring are not applicable to them.
"""

from collections.abc import Iterable

from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.outcome import FAILING, outcome, stands_still
from gradlab.diagnosis.unknown import Unknown
from gradlab.facts.wiring import TensorWiring, Wiring

# What makes an unjudged rule judged.
BY_WATCH = "a Watch of `gradlab.keras` or `gradlab.torch`"
BY_DATA = "`data=` of a Watch"


def wiring_of(run: Run) -> Wiring | None:
    """Return the wiring of an external training; None for a training of the service.

    Raises:
        Unknown: none was sent.
    """
    if not isinstance(run, ExternalRun):
        return None
    if run.wiring is None:
        raise Unknown("how its training is wired is not known", BY_WATCH)
    return run.wiring


def tensors_of(run: Run) -> dict[str, TensorWiring]:
    """Return the wiring of each trainable tensor by ``layer/parameter``; empty for a training of the service.

    Raises:
        Unknown: it was not sent.
    """
    wiring = wiring_of(run)
    if wiring is None:
        return {}
    if wiring.tensors is None:
        raise Unknown("which of its tensors are trained is not known", BY_WATCH)
    return wiring.tensors


def layers_of(run: ExternalRun, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the layers of these tensors, in the order of the description."""
    owners = {path: path.rpartition("/")[0] for path in paths}
    for layer in run.external.layers:  # a parameter's name may be a path itself
        owners |= {path: layer.name for path in owners if path.startswith(f"{layer.name}/")}
    order = {layer.name: place for place, layer in enumerate(run.external.layers)}
    return tuple(sorted({*owners.values()}, key=lambda name: order.get(name, len(order))))


def since_training(run: Run) -> int:
    """Return the first epoch or record in which the training was under way."""
    return max(run.history.first_epoch, min(1, run.history.last_epoch))


def is_failing(run: Run) -> bool:
    """True if the run fails or diverged, or its loss has not fallen far although it could have."""
    became = outcome(run)
    return became.verdict in FAILING or (not became.by_facts and stands_still(run))


def batch_of(run: ExternalRun) -> int | None:
    """Return the number of samples in a batch, as the description or the output's shape has it; None if unknown."""
    shape = run.wiring.output_shape if run.wiring is not None else None
    return run.external.batch_size or (shape[0] if shape else None)


def batches_in_epoch(run: ExternalRun) -> int | None:
    """Return the number of batches in an epoch; None if unknown."""
    spec, batch = run.external, batch_of(run)
    if spec.steps_per_epoch is not None:
        return spec.steps_per_epoch
    return None if batch is None or spec.train_count is None else -(-spec.train_count // batch)
