"""The service's bounds on trainings and on stored series."""

from collections.abc import Iterator

from core.plan.estimate import estimate
from core.plan.memory import NUMBER_BYTES
from core.settings import Settings
from gradlab.errors import Invalid, Problem
from gradlab.spec.bounds import exceeded
from gradlab.spec.experiment import ExperimentSpec
from gradlab.spec.external import MAX_SPEC_BYTES, ExternalSpec
from gradlab.vocabulary.datasets import DatasetSpec


def check_bounds(spec: ExperimentSpec, settings: Settings) -> None:
    """Check a spec against the service's bounds.

    Estimates are by the shipped calibration, so that the decision does not depend on earlier trainings. Memory is
    checked by the upper end of its interval, because a training that exceeds the machine's memory kills its worker.

    Raises:
        Invalid: one problem for each bound that is exceeded, with the excess.
    """
    if problems := tuple(_exceeded(spec, settings)):
        raise Invalid(*problems)


def _exceeded(spec: ExperimentSpec, settings: Settings) -> Iterator[Problem]:
    dataset, foreseen = spec.dataset, estimate(spec)
    sizes: tuple[tuple[str, str, float], ...] = (
        ("model.layers", "max_layers", spec.model.layer_count),
        ("model.layers", "max_parameters", foreseen.parameters),
        *_sizes_of(dataset),
        ("training.epochs", "max_epochs", spec.training.epochs),
        ("seeds", "max_seeds", len(spec.seeds)),
        ("(the whole spec)", "max_seconds", foreseen.seconds),
        ("(the whole spec)", "max_memory_bytes", foreseen.memory_interval[1]),
        ("(the whole spec)", "max_series_bytes", foreseen.series_bytes),
    )
    for field, bound, size in sizes:
        if problem := exceeded(settings, bound, field, size):
            yield problem


def _sizes_of(dataset: DatasetSpec) -> Iterator[tuple[str, str, float]]:
    """Yield the sizes of a dataset: samples and numbers of a drawn one, the bytes of an uploaded one's inputs."""
    values = dataset.sample_count * dataset.value_count
    if not dataset.is_drawn:
        yield "dataset", "max_prepared_bytes", NUMBER_BYTES * values
        return
    yield "dataset.samples", "max_samples", dataset.sample_count
    yield "dataset", "max_values", values


def check_external_bounds(spec: ExternalSpec, settings: Settings) -> None:
    """Check the spec of a training elsewhere against the service's bounds.

    Raises:
        Invalid: one problem for each bound that is exceeded, with the excess.
    """
    written = len(spec.canonical().encode())
    sizes = {
        "layers": (written, MAX_SPEC_BYTES, "bytes of a spec, written out"),
        "epochs": (spec.epochs, settings.max_epochs, "epochs"),
        "seeds": (len(spec.seeds), settings.max_seeds, "runs"),
        "record": (spec.series_bytes, settings.max_series_bytes, "bytes of series in the database"),
    }
    problems = [
        Problem(field, f"at most {limit:,} {unit}", f"{value:,}, {value - limit:,} too many")
        for field, (value, limit, unit) in sizes.items()
        if value > limit
    ]
    if problems:
        raise Invalid(*problems)
