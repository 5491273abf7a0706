"""The use-case of drafts: a Keras model and an uploaded dataset put together as a spec."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.plan.bounds import check_bounds
from core.plan.calibration import Calibration
from core.plan.estimate import ahead_seconds, epoch_seconds
from core.samples.summary import ColumnSummary, TableSummary
from core.settings import Settings
from core.store import ExperimentStore
from core.use_cases.experiments import calibration
from core.use_cases.samples import fill_in
from gradlab.profile import ColumnProfile, Profile
from gradlab.profile.model import ColumnType
from gradlab.responses.drafting import draft
from gradlab.schemas.drafts import DraftRequest
from gradlab.spec import ExperimentSpec
from gradlab.spec.bounds import context
from gradlab.spec.problems import invalid
from gradlab.translate.from_keras import Translation, translate

SPEC: TypeAdapter[ExperimentSpec] = TypeAdapter(ExperimentSpec)
# With fewer epochs no rule on learning can be applied; more seldom show anything that 500 did not.
MIN_EPOCHS, MAX_EPOCHS = 20, 500


@dataclass(frozen=True)
class DraftedSpec:
    """A spec, and how it came about.

    Attributes:
        spec: ready to be submitted.
        translation: of the Keras model.
        assumptions: a sentence for each choice that nobody made.
        seconds: estimated time in which one seed trains.
    """

    spec: ExperimentSpec
    translation: Translation
    assumptions: tuple[str, ...]
    seconds: float


def draft_spec(request: DraftRequest, *, store: ExperimentStore, settings: Settings) -> DraftedSpec:
    """Put a model and a dataset together as a spec; nothing is stored.

    Raises:
        NotFound: there is no such dataset.
        Conflict: the dataset is not ready.
        Invalid: the model cannot be translated, or model and samples do not fit.
    """
    translation = translate(request.configuration)
    profile, table = store.datasets.profile(request.dataset), store.datasets.summary(request.dataset)
    other = store.datasets.summary(request.validation, "validation") if request.validation else None
    beside = other.columns if other else table.validation or None
    drafted = draft(request, translation, whole(profile, table, beside or {}), beside)
    fields, cost = fill_in(drafted.fields, store=store), calibration(store=store)
    one_seed = _spec(fields, 1, 1, settings)
    assumptions = list(drafted.assumptions)
    if request.epochs is None:
        epochs = _epochs(one_seed, request.seconds, cost)
        assumptions.append(
            f"Each seed trains for {epochs} epochs, as {request.seconds:.0f} s allow by estimate: "
            f"{MIN_EPOCHS} at least, {MAX_EPOCHS} at most."
        )
    else:
        epochs = request.epochs
    spec = _spec(fields, epochs, request.seeds, settings)
    check_bounds(spec, settings)
    return DraftedSpec(
        spec, translation, tuple(assumptions), _start(one_seed, cost) + epochs * _per_epoch(one_seed, cost)
    )


def whole(profile: Profile, table: TableSummary, beside: Mapping[str, ColumnSummary]) -> Profile:
    """Return a profile with all columns of the table, of which a wide one's has the first, and all their gaps.

    Args:
        profile: the profile of the samples.
        table: the summary of the same samples.
        beside: that of the columns of a validation part of its own; empty without one.
    """
    profiled = {column.name: column for column in profile.columns}
    columns = []
    for name, each in table.columns.items():
        column = profiled.pop(name, None) or _column(name, each, table.rows)
        gaps = column.missing + (beside[name].missing if name in beside else 0)
        columns.append(column if gaps == column.missing else column.model_copy(update={"missing": gaps}))
    return profile.model_copy(update={"columns": (*columns, *profiled.values())})


def _column(name: str, summary: ColumnSummary, rows: int) -> ColumnProfile:
    """Return what a draft needs to know of a column that the profile has no room for."""
    is_truth, is_range = summary.dtype == "bool", not summary.is_text
    kind: ColumnType = (
        "category" if summary.is_text else "array" if summary.shape else "boolean" if is_truth else "number"
    )
    return ColumnProfile(
        name=name,
        type="integer" if kind == "number" and summary.is_whole else kind,
        dtype="text" if summary.is_text else summary.dtype,
        rows=rows,
        shape=summary.shape,
        missing=summary.missing,
        infinite=summary.infinite,
        distinct=summary.distinct,
        minimum=summary.low if is_range else None,
        maximum=summary.high if is_range else None,
    )


def _spec(fields: dict[str, Any], epochs: int, seeds: int, settings: Settings) -> ExperimentSpec:
    """Validate the fields of a draft with these epochs and seeds."""
    complete = fields | {"training": fields["training"] | {"epochs": epochs}, "seeds": list(range(seeds))}
    try:
        return SPEC.validate_python(complete, context=context(settings))
    except ValidationError as error:
        raise invalid(error, complete) from error


def _epochs(one_seed: ExperimentSpec, seconds: float, cost: Calibration) -> int:
    left = seconds - _start(one_seed, cost)
    return max(MIN_EPOCHS, min(MAX_EPOCHS, int(left / _per_epoch(one_seed, cost))))


def _per_epoch(one_seed: ExperimentSpec, cost: Calibration) -> float:
    return sum(epoch_seconds(one_seed).values()) * cost.seconds.middle


def _start(one_seed: ExperimentSpec, cost: Calibration) -> float:
    return ahead_seconds(one_seed) * cost.seconds.middle
