"""Reader of an experiment's stored series."""

from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from api.series.boundary import Boundary
from core.records import SubmittedExperiment
from core.store import METRICS, ExperimentStore
from gradlab.errors import NotFound
from gradlab.facts.measurement import Load
from gradlab.measurement.history import Layout, SeriesLayout
from gradlab.measurement.kinds import BY_NAME
from gradlab.measurement.plane import Plane
from gradlab.measurement.rows import Rows
from gradlab.series.choice import choose
from gradlab.series.epochs import Span
from gradlab.spec import ExternalSpec
from gradlab.spec.output import answer_threshold_elsewhere


def recorded(experiment: SubmittedExperiment, layout: Layout, kind: str) -> SeriesLayout:
    """Return the layout of one kind of series.

    Raises:
        NotFound: the experiment does not record it; the message names the setting that records it.
    """
    if kind in layout:
        return layout[kind]
    noun, field = BY_NAME[kind].noun, BY_NAME[kind].record
    if isinstance(experiment.spec, ExternalSpec):
        raise NotFound(f"There are no {noun} in this experiment: it is trained elsewhere, and they are not sent.")
    dataset = experiment.spec.dataset
    if BY_NAME[kind].source == "plane" and not dataset.has_boundary:
        raise NotFound(f"{dataset.kind} has no decision boundary in a plane: only classes of two inputs have one.")
    if experiment.spec.record.every(field):
        reason = "its layers have none, or it was taken in by a version of the service that did not record them"
        raise NotFound(f"There are no {noun} in this experiment: {reason}.")
    advice = f'submit it with `"record": {{"{field.name}": 1}}` in its spec for every epoch, 10 for every tenth'
    raise NotFound(f"This experiment does not record {noun}: {advice}.")


class SeriesReader:
    """Reads the series of one experiment, of all runs or of selected ones.

    Args:
        experiment_id: the experiment.
        store: the store that holds it.
        seeds: the seeds of the selected runs, as text; none for all.
        revision: the experiment's revision, if it was read just now.

    Raises:
        NotFound: there is no such experiment.
        Invalid: the experiment has no such seed.
    """

    def __init__(
        self, experiment_id: UUID, store: ExperimentStore, seeds: Sequence[str], revision: int | None = None
    ) -> None:
        self._store, self._recorded = store, store.recorded(experiment_id, revision)
        self.experiment, self.layout = self._recorded.experiment, self._recorded.layout
        self._seeds = [int(seed) for seed in choose("seed", seeds, list(map(str, self.experiment.spec.seeds)))]

    def metrics(self) -> dict[int, Rows]:
        """Read the metrics: seed -> (epochs, metrics)."""
        return self._store.rows_of(self._recorded, METRICS, self._seeds)

    def series(self, kind: str) -> tuple[SeriesLayout, dict[int, Rows]]:
        """Read one kind of series: its layout, and seed -> (epochs, tensors, columns).

        Raises:
            NotFound: the experiment does not record it.
        """
        layout = recorded(self.experiment, self.layout, kind)
        return layout, self._store.rows_of(self._recorded, kind, self._seeds)

    def planes(self) -> dict[int, tuple[int, Plane]]:
        """Read what the sender of a training elsewhere has sent: seed -> epoch and outputs over the plane; all runs."""
        return self._store.external.planes(self.experiment.id)

    @property
    def has_sent_boundary(self) -> bool:
        """True for a training elsewhere whose decision boundary was sent, and can be drawn."""
        spec = self.experiment.spec
        if not isinstance(spec, ExternalSpec) or not (planes := self.planes()):
            return False
        is_single = any(len(plane.outputs) == 1 for _, plane in planes.values())
        return not is_single or answer_threshold_elsewhere(spec) is not None

    def boundary(self, span: Span) -> Callable[[Load], Boundary]:
        """Read the decision boundary; return a function that builds it, given what loads the samples.

        It may take a second to load the samples that the grid is around: no transaction should be open meanwhile.

        Raises:
            NotFound: the experiment does not record it; raised by the function for a training elsewhere.
            Invalid: the span ends before it begins; raised by the function.
        """
        spec = self.experiment.spec
        if isinstance(spec, ExternalSpec):
            planes = self.planes()
            return lambda _: Boundary.elsewhere(spec, planes, self._seeds, span)
        return partial(Boundary.of, spec, *self.series("boundary"), span)
