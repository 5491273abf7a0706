"""Studies over HTTP, with workers that answer at once: what is drawn, what it shows, what is refused."""

import csv
import io
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from pyarrow import parquet

from core.use_cases import advancing, studies
from core.use_cases.drawing import MAX_UNDER_WAY
from gradlab.schemas.status import Status
from gradlab.schemas.studies import StudyExtensionRequest, StudyRequest, StudyTableResponse
from gradlab.spec import ExperimentSpec
from tests.builders import a_chunk, an_external_spec
from tests.unit.desk import Desk, as_json, client_of
from tests.unit.diagnosis.histories import a_network, a_run, dense
from tests.unit.test_api_submitting import refused

pytestmark = pytest.mark.slow  # all of its tests: more than a second

U01 = {"kind": "random_uniform", "minval": 0, "maxval": 1}
BASE = a_network(dense(5, "tanh", "glorot_uniform", repeat=2))
DEPTH = {"knob": "depth", "range": {"first": 1, "last": 3}}
WIDTH = {"knob": "width", "values": [4, 8]}
FIVE = [0, 1, 2, 3, 4]
GROWTH = {"name": "growth", "series": "signals", "statistic": "rms", "epoch": 0, "reduce": "growth"}


class Workers:
    """Trains what the bell rings for: networks of three hidden layers fail, all others learn."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.waiting, self.trained = desk, list[UUID](), list[ExperimentSpec]()
        desk.bell.rings = self.waiting.append

    def finish(self, outcome: Status = Status.completed, error: str | None = None) -> None:
        """Take up one experiment."""
        store, it = self.desk.store, self.waiting.pop(0)
        claim = store.claim(it, worker="one")
        assert claim
        self.trained.append(claim.spec)
        if outcome is Status.completed:
            history = a_run(claim.spec, fails=claim.spec.model.layers[0].repeat == 3).history  # type: ignore[union-attr]
            for seed in claim.spec.seeds:
                store.append(claim, a_chunk(claim.spec, seed=seed, history=history))
        store.finish(claim, outcome, error=error, versions={"keras": "3"})
        advancing.advance_with(it, store=store, queue=self.desk.bell)

    def work(self) -> None:
        while self.waiting:
            self.finish()


@pytest.fixture
def workers(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Workers:
    monkeypatch.setattr(studies, "ADVANCING_SECONDS", 60.0)  # a busy machine leaves nothing to the sweep
    return Workers(desk)


def body(*axes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"name": "a study", "base": as_json(BASE), "axes": list(axes), "seeds": FIVE, **fields}


def begun(desk: Desk, *axes: dict[str, Any], **fields: Any) -> str:
    answer = desk.http.post("/studies", json=body(*axes, **fields))
    assert answer.status_code == 202, answer.text
    return str(answer.headers["Location"])


def table(desk: Desk, path: str) -> list[dict[str, Any]]:
    answer = desk.http.get(f"{path}/table")
    assert StudyTableResponse.read(answer.content).model_dump_json() == answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def test_a_grid_is_trained_cell_by_cell_and_told_as_a_table(desk, workers):
    path = begun(desk, DEPTH, WIDTH, measures=[GROWTH])
    study = desk.http.get(path).json()
    assert (study["status"], study["progress"]["cells"], study["progress"]["trainings"]) == ("running", 6, 30)
    assert study["progress"]["cells_by_status"] == {"queued": 6}
    assert len({desk.store.get(it).spec.name for it in workers.waiting}) == 6
    assert desk.http.get(path).json()["best"] is None
    workers.work()
    study = desk.http.get(path).json()
    assert (study["status"], study["stopped"], study["progress"]["trainings_done"]) == ("completed", "all cells", 30)
    assert study["metric"] == "val_accuracy"
    rows = table(desk, path)
    assert [(row["values"]["depth"], row["values"]["width"]) for row in rows] == [
        (1, 4), (1, 8), (2, 4), (2, 8), (3, 4), (3, 8),
    ]  # fmt: skip
    assert {row["status"] for row in rows} == {"completed"}
    for row in rows:
        fails = row["values"]["depth"] == 3
        assert row["failing"]["count"] == 5 * fails
        assert (row["verdict"] == "ill") == fails
        assert row["metric"]["low"] <= row["metric"]["median"] <= row["metric"]["high"]
        assert row["failing"]["low"] <= row["failing"]["count"] / 5 <= row["failing"]["high"]
        assert row["seeds_done"] == row["seeds"] == 5
    assert rows[0]["measures"] == {"growth": None}, "one hidden layer has no growth from layer to layer"
    assert rows[4]["measures"]["growth"] is not None
    assert study["best"]["values"]["depth"] < 3
    assert desk.http.get(path, headers={"Cache-Control": "no-cache"}).json()["best"] == study["best"]


def test_the_table_comes_as_csv_and_parquet(desk, workers):
    path = begun(desk, {**DEPTH, "name": "=position"}, {"knob": "activation", "values": [{"kind": "leaky_relu"}]})
    workers.work()
    text = desk.http.get(f"{path}/table", headers={"Accept": "text/csv"}).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["'=position"] for row in rows] == ["1", "2", "3"]
    assert {row["activation"] for row in rows} == {"leaky_relu"}
    content = desk.http.get(f"{path}/table", headers={"Accept": "application/vnd.apache.parquet"}).content
    columns = parquet.read_table(io.BytesIO(content)).to_pydict()
    assert columns["failing_share"] == [0, 0, 1]
    assert np.allclose(columns["metric"], [float(row["metric"]) for row in rows])
    assert desk.http.get(f"{path}/table", headers={"Accept": "application/x-npz"}).status_code == 406


def test_charts_are_drawn_of_the_cells_that_are_trained(desk, workers):
    path = begun(desk, DEPTH, WIDTH, measures=[GROWTH])
    charts = desk.http.get(f"{path}/charts").json()["charts"]
    assert [chart["name"] for chart in charts] == ["map", "diagnosis", "lines", "failures", "parallel"]
    before = desk.http.get(f"{path}/charts/map.svg")
    assert "Nothing is measured yet" in before.text
    workers.work()
    for chart in charts:
        assert desk.http.get(chart["png"]).content.startswith(b"\x89PNG"), chart["name"]
    drawn = desk.http.get(charts[0]["svg"], params={"column": "failing", "axis": ["width", "depth"]})
    assert drawn.headers["ETag"] != before.headers["ETag"]
    assert "Share of seeds that fail over width and depth" in drawn.text
    client = client_of(desk)
    assert client.study_charts(path.rpartition("/")[2]) == [chart["name"] for chart in charts]
    again = client.study_chart(path.rpartition("/")[2], "map", column="failing", axis=["width", "depth"])
    assert again == drawn.content


def test_charts_that_cannot_be_drawn_are_refused(desk):
    path = begun(desk, DEPTH)
    for call, status, words in (
        ("map.svg", 404, "over 2 axes; the study has 1"),
        ("course.svg", 404, "measures of one statistic at several epochs"),
        ("pie.svg", 404, "no chart 'pie' of a study; there are map"),
        ("lines.gif", 404, "drawn as svg or png"),
        ("lines.svg?column=val_loss", 422, "one of val_accuracy, failing"),
        ("lines.svg?axis=width", 422, "one of depth"),
        ("failures.svg?column=failing", 422, "one of axis"),
    ):
        answer = desk.http.get(f"{path}/charts/{call}")
        assert (answer.status_code, words in answer.text) == (status, True), answer.text


def test_what_was_trained_before_is_not_trained_again(desk, workers):
    path = begun(desk, DEPTH)
    workers.work()
    before = len(workers.trained)
    single = BASE.model_copy(update={"name": "by hand", "seeds": (7,)})
    desk.submit(single)
    workers.work()
    again = begun(desk, DEPTH, WIDTH | {"values": [5, 6]}, name="wider")
    workers.work()
    assert len(workers.trained) == before + 1 + 3, "the width of 5 is that of the base"
    study = desk.http.get(again).json()
    assert (study["status"], study["progress"]["cells_reused"]) == ("completed", 3)
    assert [row["metric"] for row in table(desk, path)] == [row["metric"] for row in table(desk, again)[::2]]
    by_hand = begun(desk, {"knob": "depth", "values": [2]}, seeds=[7])
    assert not workers.waiting, "a single experiment of another name"
    assert desk.http.get(by_hand).json()["status"] == "completed"


def test_few_cells_are_queued_at_a_time(desk, workers):
    path = begun(desk, {"knob": "width", "range": {"first": 1, "last": 24}}, seeds=[0])
    for _ in range(3):
        assert len(workers.waiting) == MAX_UNDER_WAY
        workers.finish()
    assert desk.http.get(path).json()["progress"]["cells_by_status"] == {
        "completed": 3, "queued": MAX_UNDER_WAY, "waiting": 24 - 3 - MAX_UNDER_WAY,
    }  # fmt: skip
    workers.work()
    assert len(workers.trained) == 24


def test_a_single_experiment_is_claimed_before_the_cells_of_a_study(desk, workers):
    begun(desk, DEPTH)
    cells = list(workers.waiting)
    single = UUID(desk.submit(BASE).rpartition("/")[2])
    store = desk.store
    assert [store.is_batch(it) for it in (cells[0], single)] == [True, False]
    assert store.next_waiting(frozenset()) == single
    client, study = client_of(desk), desk.http.get("/studies").json()["studies"][0]["id"]
    assert [each.id for each in client.experiments(cell=False)] == [single]
    assert {each.id for each in client.experiments(cell=True)} == {*cells}
    assert {each.id for each in client.experiments(study=study)} == {*cells}
    assert store.claim(single, worker="one")
    assert store.next_waiting(frozenset()) == cells[0]


def test_pause_continue_and_cancel_keep_what_is_done(desk, workers):
    path = begun(desk, DEPTH, WIDTH)
    workers.finish()
    running = desk.store.claim(workers.waiting.pop(0), worker="one")
    assert desk.http.post(f"{path}/pause").json()["status"] == "paused"
    assert desk.http.get(path).json()["progress"]["cells_by_status"] == {"completed": 1, "running": 1, "waiting": 4}
    workers.waiting.clear()  # what waited was withdrawn
    desk.store.release(running)
    assert desk.http.post(f"{path}/pause").status_code == 409
    assert desk.http.post(f"{path}/continue").json()["status"] == "running"
    assert len(workers.waiting) == 4
    again = desk.store.claim(running.experiment_id, worker="two")
    assert desk.http.post(f"{path}/cancel").json()["status"] == "cancelled"
    assert desk.store.get(again.experiment_id).cancel_requested
    desk.store.finish(again, Status.cancelled)
    advancing.advance_with(again.experiment_id, store=desk.store, queue=desk.bell)
    assert desk.http.get(path).json()["progress"]["cells_by_status"] == {"completed": 1, "waiting": 5}
    workers.waiting.clear()
    desk.http.post(f"{path}/continue")
    workers.work()
    study = desk.http.get(path).json()
    assert (study["status"], study["progress"]["cells_by_status"]) == ("completed", {"completed": 6})
    assert len(workers.trained) == 6, "each cell once"


def test_failed_cells_are_told_and_tried_again(desk, workers):
    path = begun(desk, DEPTH)
    for _ in range(3):
        workers.finish(Status.failed, "out of luck")
    study = desk.http.get(path).json()
    assert (study["status"], study["error"]) == ("failed", "None of its cells was trained to the end.")
    assert {row["error"] for row in table(desk, path)} == {"out of luck"}
    desk.http.post(f"{path}/continue")
    workers.work()
    assert desk.http.get(path).json()["progress"]["cells_by_status"] == {"completed": 3}


def test_an_extension_trains_what_is_new_alone(desk, workers):
    path = begun(desk, DEPTH, WIDTH)
    workers.work()
    client, it = client_of(desk), path.rpartition("/")[2]
    client.extend_study(it, StudyExtensionRequest(seeds=(5, 6), values={"width": [16]}))
    assert sorted(len(desk.store.get(each).spec.seeds) for each in workers.waiting) == [2] * 6 + [7] * 3
    workers.work()
    rows = table(desk, path)
    assert [row["seeds_done"] for row in rows] == [7] * 9
    assert [len(row["experiment_ids"]) for row in rows] == [2] * 6 + [1] * 3
    assert {row["values"]["width"] for row in rows[6:]} == {16}
    for wrong, field in (
        ({"seeds": [5]}, "seeds"), ({"values": {"height": [1]}}, "values.height"),
        ({"values": {"width": [4]}}, "values.width"), ({"values": {"width": [0]}}, "axes[1].values[3]"), ({}, ""),
    ):  # fmt: skip
        problem = refused(desk.http.post(f"{path}/extend", json=wrong), 422)["errors"][0]
        assert problem["field"] == (field or "(the whole body)")
    assert desk.http.get(path).json()["status"] == "completed", "nothing half-done remains"


def test_a_study_whose_cells_end_while_its_extension_is_checked_is_extended_at_once(desk, workers, monkeypatch):
    path, check = begun(desk, DEPTH, WIDTH), studies.validated

    def slow(*arguments: Any, **named: Any) -> Any:
        workers.finish()
        return check(*arguments, **named)

    monkeypatch.setattr(studies, "validated", slow)
    study = desk.http.post(f"{path}/extend", json={"seeds": [5]}).json()
    assert study["progress"]["cells_by_status"]["completed"] == 1


def test_a_random_search_ends_with_its_budget(desk, workers):
    rate = {"knob": "learning_rate", "log_uniform": [1e-4, 1]}
    path = begun(desk, rate, search={"kind": "random", "seed": 3}, budget={"trainings": 99}, seeds=FIVE)
    assert desk.http.get(path).json()["progress"]["cells"] == 19
    workers.work()
    rates = [row["values"]["learning_rate"] for row in table(desk, path)]
    assert len(set(rates)) == 19
    assert all(1e-4 <= each <= 1 for each in rates)
    for wrong in ({"seeds": [5]}, {"budget": {"trainings": 94}}):
        problem = refused(desk.http.post(f"{path}/extend", json=wrong), 422)["errors"][0]
        assert problem["field"] == "budget.trainings"
    both = {"seeds": [5], "budget": {"trainings": 120}}
    assert desk.http.post(f"{path}/extend", json=both).json()["progress"]["trainings"] == 120
    workers.work()
    few = begun(desk, WIDTH, search="random", budget={"trainings": 20})
    workers.work()
    study = desk.http.get(few).json()
    assert (study["stopped"], study["progress"]["trainings_done"]) == ("no new points", 10)


def test_validation_counts_and_estimates_and_stores_nothing(desk):
    answer = desk.http.post("/studies/validate", json=body(DEPTH, WIDTH)).json()
    assert (answer["cells"], answer["trainings"], answer["architectures"], answer["estimated_cells"]) == (6, 30, 6, 6)
    low, high = answer["seconds_interval"]
    assert 0 < low < answer["seconds"] < high
    assert desk.http.get("/studies").json()["studies"] == []


def test_a_study_of_an_experiments_spec(desk, workers):
    single = desk.submit(BASE).rpartition("/")[2]
    request = StudyRequest(base_experiment=UUID(single), axes=[{"knob": "width", "values": [2]}])  # type: ignore[list-item]
    study = client_of(desk).begin_study(request)
    assert study.spec.base == BASE
    external, _ = desk.store.add(an_external_spec())
    wrong = {"base_experiment": str(external.id), "axes": [WIDTH]}
    problem = refused(desk.http.post("/studies", json=wrong), 422)["errors"][0]
    assert (problem["field"], "trained elsewhere" in problem["received"]) == ("base_experiment", True)
    assert (
        refused(desk.http.post("/studies", json=wrong | {"base": as_json(BASE)}), 422)["errors"][0]["received"]
        == "both"
    )


@pytest.mark.parametrize(
    ("axes", "field", "received"),
    [
        ([{"pointer": "/training/optimiser", "values": ["adam"]}], "axes[0].pointer", "/training/optimiser"),
        ([DEPTH, {"knob": "width", "values": [4, -1]}], "axes[1].values[1]", "-1"),
        ([{"knob": knob, "range": {"first": 1, "last": 1000}} for knob in ("width", "batch_size")], "axes", "1,000,"),
        ([{"knob": "depth", "values": [1, 5000]}], "axes[0].values[1]", "5000"),
        ([{"pointer": "/training/epochs", "values": [1, 200_000]}], "axes", "200,000, 2.0 times as much, with /"),
    ],
)  # fmt: skip
def test_impossible_studies_are_refused_before_anything_is_queued(shared_desk, axes, field, received):
    for path in ("/studies", "/studies/validate"):
        problem = refused(shared_desk.http.post(path, json=body(*axes)), 422)["errors"][0]
        assert problem["field"] == field
        assert received in problem["received"]
    assert shared_desk.http.get("/studies").json()["studies"] == []


@pytest.mark.parametrize("named", [f"sha256:{0:064}", 5])
def test_an_uploaded_file_that_is_not_there_is_told_as_a_field_of_the_base(shared_desk, named):
    base = as_json(BASE) | {"dataset": {"kind": "uploaded", "id": named, "target": "species", "task": "classes"}}
    problem = refused(shared_desk.http.post("/studies", json=body(WIDTH, base=base)), 422)["errors"][0]
    assert problem["field"] == "base.dataset.id"


def test_a_repeated_request_and_a_deleted_study(desk, workers):
    first, second = (
        desk.http.post("/studies", json=body(DEPTH), headers={"Idempotency-Key": "one"}).json()["id"] for _ in range(2)
    )
    assert first == second
    other = desk.http.post("/studies", json=body(WIDTH), headers={"Idempotency-Key": "one"})
    assert other.status_code == 409
    workers.finish()
    client = client_of(desk)
    assert [study.name for study in client.studies()] == ["a study"]
    client.delete_study(first)
    assert desk.http.get(f"/studies/{first}").status_code == 404
    left = desk.http.get("/experiments").json()["experiments"]
    assert [experiment["status"] for experiment in left] == ["completed"]


def test_a_deleted_experiment_is_trained_again(desk, workers):
    path = begun(desk, DEPTH)
    lost = workers.waiting.pop(0)
    desk.store.delete(lost)
    assert advancing.sweep(store=desk.store, queue=desk.bell) == 1
    workers.work()
    assert desk.http.get(path).json()["progress"]["cells_by_status"] == {"completed": 3}
    assert len(workers.trained) == 3
    known = desk.http.get(f"{path}/table")
    desk.store.delete(UUID(known.json()["rows"][0]["experiment_ids"][0]))
    anew = desk.http.get(f"{path}/table", headers={"If-None-Match": known.headers["ETag"]})
    assert anew.status_code == 200, "it names an experiment fewer"
    assert [len(row["experiment_ids"]) for row in anew.json()["rows"]] == [0, 1, 1]
