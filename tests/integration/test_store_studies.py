"""Studies in the store, on both databases: what is drawn, taken over, withdrawn and claimed first."""

from datetime import timedelta
from typing import Any

import pytest

from core.plan.architecture import architecture_hash
from core.records import WorkerCommand
from core.store import ExperimentStore
from core.study import Cell, CellPlace, CellResult, Drawn, Pruned, SeedOutcome
from core.use_cases.drawing import MAX_UNDER_WAY, next_cells
from core.use_cases.experiments import choices
from core.use_cases.study_checks import cells_added, extended
from gradlab.errors import Conflict, Invalid
from gradlab.schemas.status import CellStatus, Status, StudyStatus
from gradlab.schemas.studies import StudyExtensionRequest
from gradlab.spec.study import StudySpec, grid, place
from tests.builders import MINUTE, a_chunk, a_spec

VERSIONS = {"keras": "3"}


def a_study(*values: int, **fields: Any) -> StudySpec:
    axes = [{"knob": "width", "values": list(values)}]
    return StudySpec.model_validate({"base": a_spec().model_dump(mode="json"), "axes": axes, "seeds": [0, 1], **fields})


def begun(store: ExperimentStore, spec: StudySpec):
    """A study whose first cells are drawn, and their experiments."""
    record, _ = store.studies.add(spec, list(grid(spec.axes)))
    drawn, stopped = next_cells(record, store=store)
    assert stopped is None
    needed = store.studies.draw(record, drawn)
    assert needed is not None
    assert store.studies.draw(record, drawn) is None, "the study has changed since"
    return record.id, needed


def trained(store: ExperimentStore, id: Any, versions: dict[str, str] = VERSIONS) -> None:
    claim = store.claim(id, worker="one")
    assert claim
    for seed in claim.spec.seeds:
        store.append(claim, a_chunk(claim.spec, seed=seed, first_epoch=0, epochs=claim.spec.epochs + 1))
    store.finish(claim, Status.completed, versions=versions)


def statuses(store: ExperimentStore, id: Any) -> list[str]:
    return [str(cell.status) for cell in store.studies.cells(id)]


def positions_of_further_seeds(store: ExperimentStore, id: Any) -> list[int]:
    """The positions of the cells that get a further seed, if their study is extended by one."""
    spec = store.studies.get(id).spec
    longer = extended(spec, StudyExtensionRequest(seeds=[7]))
    return [place.position for place, _, _ in cells_added(spec, longer, store.studies.cells(id))]


def result(*metrics: float) -> CellResult:
    return CellResult("healthy", None, tuple(SeedOutcome(i, each, False, (None,)) for i, each in enumerate(metrics)))


def test_cells_are_drawn_read_and_counted(store):
    study, needed = begun(store, a_study(2, 3, 4))
    assert [store.get(it).status for it in needed] == [Status.queued] * 3
    assert store.studies.due() == []
    before = store.studies.get(study)
    trained(store, needed[1])
    assert store.studies.due() == [study]
    assert store.studies.waiting_for(needed[1]) == [study]
    (cell,) = store.studies.over(study, limit=9)
    assert (cell.place, cell.point, cell.seeds_done, cell.status) == (CellPlace(1, 0), (3,), 2, CellStatus.running)
    store.studies.collect(study, cell, CellStatus.completed, result=result(0.5, 0.75), seconds=2.5)
    store.studies.collect(study, cell, CellStatus.failed, error="too late")
    record = store.studies.get(study)
    assert record.counts == {CellStatus.queued: 2, CellStatus.completed: 1}
    assert (record.cells, record.trainings, record.trainings_done, record.seconds) == (3, 6, 2, 2.5)
    assert record.state != before.state
    assert statuses(store, study) == ["queued", "completed", "queued"]
    assert store.studies.cells(study)[1].result == result(0.5, 0.75)
    assert [each.id for each in store.studies.page(limit=5, statuses=[StudyStatus.running]).studies] == [study]


def test_an_experiment_is_taken_over_if_its_spec_seeds_and_versions_are_the_same(store):
    first, needed = begun(store, a_study(2, 3))
    for it in needed:
        trained(store, it)
    cell = store.studies.over(first, limit=1)[0]
    store.studies.collect(first, cell, CellStatus.completed, result=result(0.5, 0.75), seconds=1.0)
    second, further = begun(store, a_study(2, 3, 4, name="other"))
    cells = store.studies.cells(second)
    assert len(further) == 1, "a width of 4"
    assert [each.experiment_id for each in cells] == [*needed, *further]
    assert [(each.reused, each.is_over) for each in cells] == [(True, False), (True, True), (False, False)]
    assert cells[0].result == result(0.5, 0.75)
    trained(store, further[0], {"keras": "4"})
    _, anew = begun(store, a_study(2, 3, 4))
    assert len(anew) == 2, "what other versions have trained is trained again"


def test_a_halted_study_withdraws_what_no_worker_has_begun(store):
    shared, _ = begun(store, a_study(5))
    study, needed = begun(store, a_study(2, 3, 5))
    claim = store.claim(needed[0], worker="one")
    store.studies.halt(study, StudyStatus.paused)
    assert statuses(store, study) == ["running", "waiting", "waiting"]
    assert statuses(store, shared) == ["queued"], "another study waits for it"
    with pytest.raises(Conflict):
        store.studies.halt(study, StudyStatus.paused)
    store.studies.halt(study, StudyStatus.cancelled)
    assert store.get(claim.experiment_id).cancel_requested
    store.finish(claim, Status.cancelled)
    store.studies.resume(study)
    assert store.studies.get(study).status is StudyStatus.running
    store.studies.delete(study)
    assert [each.status for each in store.page(limit=9).experiments] == [Status.cancelled, Status.queued]


def test_a_cell_whose_worker_has_not_stopped_yet_is_trained_again_once_the_study_is_continued(store):
    study, (first, _) = begun(store, a_study(2, 3))
    claim = store.claim(first, worker="one")
    store.studies.halt(study, StudyStatus.cancelled)
    store.studies.resume(study)
    assert statuses(store, study) == ["waiting", "waiting"]
    store.finish(claim, Status.cancelled)
    assert store.studies.over(study, limit=9) == ()


def test_workers_claim_ordinary_experiments_first_then_architectures_that_they_hold(store, clock):
    _, cells = begun(store, a_study(2, 3, 4))
    assert store.next_waiting(frozenset()) == cells[0]
    held = frozenset({architecture_of(store, cells[2])})
    assert store.next_waiting(held) == cells[2]
    clock.forward(timedelta(seconds=61))
    assert store.next_waiting(held) == cells[0], "it has been passed over for long enough"
    ordinary = store.add(a_spec())[0].id
    assert [store.is_batch(each) for each in (ordinary, *cells)] == [False, True, True, True]
    assert store.next_waiting(held) == ordinary
    store.claim(ordinary, worker="one")
    store.cancel(cells[0])
    assert store.next_waiting(held) == cells[1], "the oldest one that waits"


def test_a_worker_compiles_ahead_for_the_next_experiment_of_another_architecture(store, clock):
    _, cells = begun(store, a_study(2, 3, 4))
    first, second = (architecture_of(store, each) for each in cells[:2])
    assert store.next_to_compile(frozenset()) == cells[0]
    assert store.next_to_compile(frozenset({first})) == cells[1]
    ordinary = store.add(a_spec(layers=5))[0].id
    assert store.next_to_compile(frozenset({first})) == ordinary, "it is claimed before those of a batch"
    store.add(a_spec(epochs=0, layers=6))
    held = frozenset({first, second, architecture_of(store, ordinary)})
    assert store.next_to_compile(held) == cells[2], "a triage has no program"
    assert store.next_to_compile(held | {architecture_of(store, cells[2])}) is None


def test_what_was_most_requested_often_is_told_by_architecture(store, clock):
    store.add(a_spec(layers=4))
    clock.forward(timedelta(hours=20))
    often = [store.add(a_spec(layers=2, seeds=(seed,)))[0].id for seed in range(3)]
    twice = [store.add(a_spec(layers=3, seeds=(seed,)))[0].id for seed in range(2)]
    store.add(a_spec(epochs=0, layers=5))
    day = timedelta(days=1)
    assert store.most_requested(2, day) == [often[-1], twice[-1]]
    assert len(store.most_requested(9, day)) == 3
    clock.forward(timedelta(hours=5))
    assert store.most_requested(9, day) == [often[-1], twice[-1]]


def test_cells_of_no_epochs_are_not_made_beside_a_training_where_triages_would_wait_for_them(store):
    training = a_spec().training.model_dump(mode="json") | {"epochs": 0}
    begun(store, a_study(2, 3, base=a_spec().model_dump(mode="json") | {"training": training}))
    triage = store.add(a_spec(epochs=0))[0].id
    assert store.waiting_triages() == [triage]


def test_a_message_stands_for_whatever_waits_first(store):
    _, cells = begun(store, a_study(2, 3))
    assert next(choices(cells[1], store=store, held=frozenset)) == cells[0]
    ordinary = store.add(a_spec())[0].id
    assert next(choices(cells[1], store=store, held=frozenset)) == ordinary
    served = choices(ordinary, store=store, held=frozenset)
    assert next(served) == ordinary
    trained(store, ordinary)  # by another worker
    assert next(served) == cells[0]
    for each in cells:
        trained(store, each)
    assert list(choices(cells[0], store=store, held=frozenset)) == []
    store.facts.request(cells[0])
    assert list(choices(cells[0], store=store, held=frozenset)) == [cells[0]], "a worker is to work out its facts"
    nowhere = ExperimentStore("sqlite:////nowhere/gradlab.db", lease=MINUTE, max_attempts=3)
    assert list(choices(cells[0], store=nowhere, held=frozenset)) == [cells[0]], "its claim waits for the database"
    nowhere.close()


def architecture_of(store: ExperimentStore, id: Any) -> str:
    return architecture_hash(store.get(id).own_spec("it is trained here"))


def test_no_more_cells_are_under_way_than_the_bound(store):
    study, needed = begun(store, a_study(*range(1, 40)))
    assert len(needed) == MAX_UNDER_WAY
    assert next_cells(store.studies.get(study), store=store) == ([], None)


def test_weights_that_are_not_there_or_do_not_fit_a_point_are_refused(store):
    start = {"id": f"sha256:{0:064}"}
    fields = a_spec().model_dump(mode="json")
    spec = a_study(2, base=fields | {"training": fields["training"] | {"initial_weights": start}})
    with pytest.raises(Invalid, match="the id of uploaded weights"):
        store.studies.add(spec, list(grid(spec.axes)))
    assert store.studies.page(limit=5).studies == ()
    record, _ = store.studies.add(a_study(2), [(2,), (3,)])
    named = place(spec.base.model_dump(mode="json"), spec.axes, (2,), (0, 1))
    fits = place(a_spec().model_dump(mode="json"), spec.axes, (3,), (0, 1))
    drawn = [Drawn(CellPlace(i, 0), (2 + i,), (0, 1), each) for i, each in enumerate((named, fits))]
    assert len(store.studies.draw(record, drawn) or ()) == 1
    assert statuses(store, record.id) == ["refused", "queued"]
    assert len(store.page(limit=9).experiments) == 1, "nothing is left of the refused one"


def test_a_point_that_is_impossible_is_refused_and_told(store):
    spec = a_study(2)
    record, _ = store.studies.add(spec, [(2,)])
    assert store.studies.draw(record, [Drawn(CellPlace(0, 0), (2,), (0, 1), None, "it does not fit")]) == []
    (cell,) = store.studies.cells(record.id)
    assert isinstance(cell, Cell)
    assert (cell.status, cell.error) == (CellStatus.refused, "it does not fit")


def test_a_cell_is_pruned_unless_another_study_waits_for_it(store):
    first, (one, two) = begun(store, a_study(2, 3))
    second, _ = begun(store, a_study(2, name="other"))
    claims = {it: store.claim(it, worker="one") for it in (one, two)}
    shared, own = store.studies.cells(first)
    (reused,) = store.studies.cells(second)
    assert not store.studies.prune(first, shared, Pruned(3, 0.5))
    assert not store.studies.prune(second, reused, Pruned(3, 0.5))
    assert store.studies.prune(first, own, Pruned(3, None))
    assert not store.studies.prune(first, own, Pruned(4, 0.5)), "its training is being stopped"
    command = store.append(claims[two], a_chunk(claims[two].spec, seed=0, first_epoch=0, epochs=2))
    assert command is WorkerCommand.cancel
    # Whoever continues the study meanwhile does not train it again, and neither does who extends it.
    assert positions_of_further_seeds(store, first) == [0]
    store.studies.halt(first, StudyStatus.paused)
    store.studies.resume(first)
    store.finish(claims[two], Status.cancelled)
    (over,) = store.studies.over(first, limit=9)
    assert over.pruned == Pruned(3, None)
    store.studies.collect(first, over, CellStatus.pruned, seconds=1.0)
    assert store.studies.waiting(first, limit=9) == ()
    record, cells = store.studies.get(first), store.studies.cells(first)
    assert record.counts == {CellStatus.running: 1, CellStatus.pruned: 1}
    assert (cells[1].status, cells[1].result, cells[1].seconds) == (CellStatus.pruned, None, 1.0)
    assert positions_of_further_seeds(store, first) == [0]


def test_a_cell_that_ends_before_its_worker_is_to_stop_has_completed(store):
    study, (it,) = begun(store, a_study(2))
    claim = store.claim(it, worker="one")
    (cell,) = store.studies.cells(study)
    assert store.studies.prune(study, cell, Pruned(3, 0.5))
    store.finish(claim, Status.completed, versions=VERSIONS)
    (over,) = store.studies.over(study, limit=9)
    store.studies.collect(study, over, CellStatus.completed, result=result(0.5, 0.75))
    (cell,) = store.studies.cells(study)
    assert (cell.status, cell.pruned) == (CellStatus.completed, None)
