"""Looking at experiments: one, many, again; cancelling and deleting; who may ask, and what every answer carries."""

import base64
import errno
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from api.app import create_app
from api.http.cursor import read_cursor, write_cursor
from core.catalogue import catalogue
from core.settings import Settings
from core.store import ExperimentStore
from gradlab.errors import Invalid, Unavailable
from gradlab.measurement.kinds import STATISTIC_KINDS, STATISTICS
from gradlab.schemas.series import HistogramsResponse, StatisticResponse, StepsResponse
from tests.builders import a_chunk, a_spec
from tests.unit.desk import Desk, as_json
from tests.unit.test_api_submitting import refused

EXAMPLES = dict.fromkeys(["/gradients", "/weights", "/activations", "/signals"], StatisticResponse)
EXAMPLES |= {"/signals/steps": StepsResponse, "/histograms": HistogramsResponse}
KINDS = list(EXAMPLES)
EVERY_SERIES = a_spec(
    model={
        "layers": [
            {"kind": "reshape", "target_shape": [2, 1]},
            {"kind": "simple_rnn", "units": 3},
            {"kind": "dense", "units": 1, "activation": "sigmoid"},
        ]
    },
    record={"gradients": 1, "signals": 1, "histograms": 1, "boundary": 1},
)


def test_a_trained_experiment_says_how_it_ended(desk: Desk):
    path = desk.trained(a_spec(epochs=6, seeds=(0, 1)), {0: 6, 1: 3})
    said = desk.http.get(path).json()
    assert said["status"] == "completed"
    assert said["stopped_by"] == "nonfinite"
    assert said["progress"] == {"epochs_done": 9, "epochs_total": 12}
    assert [(run["epochs_done"], run["ended"], run["stopped_by"]) for run in said["runs"]] == [
        (6, True, None),
        (3, True, "nonfinite"),
    ]
    assert list(said["runs"][0]["final_metrics"]) == list(a_spec().layout.metrics)
    assert [run["culprit"] for run in said["runs"]] == [
        None,
        {
            "epoch": 3,
            "batch": 2,
            "where": "gradient",
            "layer": "dense_1",
            "parameter": "kernel",
            "kind": "inf",
            "count": 3,
        },
    ]
    assert (said["attempt"], said["worker"], said["compiled"], said["error"]) == (1, "one", True, None)
    assert said["versions"] == {"keras": "3"}
    assert said["spec"] == as_json(a_spec(epochs=6, seeds=(0, 1)))
    assert said["created_at"] <= said["started_at"] <= said["finished_at"]


def test_final_metrics_that_are_not_finite_are_null(desk: Desk, exploded):
    spec, history = exploded
    path = desk.trained(spec, seed_0=history)
    metrics = desk.http.get(path).json()["runs"][0]["final_metrics"]
    assert metrics["loss"] is None
    assert metrics["accuracy"] == float(history.metrics[-1, 1])


@pytest.mark.parametrize("call", ["", "/history", *KINDS])
def test_an_unknown_experiment_is_not_found(desk: Desk, call: str):
    unknown = uuid4()
    assert str(unknown) in refused(desk.http.get(f"/experiments/{unknown}{call}"), 404)["detail"]


def test_what_is_no_id_is_refused(desk: Desk):
    problem = refused(desk.http.get("/experiments/seven"))["errors"][0]
    assert (problem["field"], problem["received"]) == ("experiment_id", "'seven'")


@pytest.mark.slow
def test_the_list_goes_on_from_page_to_page_newest_first(desk: Desk):
    paths = [desk.submit() for _ in range(5)]
    following, seen, sizes = "/experiments?limit=2", [], []
    while following:
        page = desk.http.get(following).json()
        seen += [f"/experiments/{each['id']}" for each in page["experiments"]]
        sizes.append(len(page["experiments"]))
        following = page["next"]
    assert seen == paths[::-1]
    assert sizes == [2, 2, 1]


@pytest.mark.slow
def test_what_is_submitted_while_somebody_turns_pages_does_not_come_twice(desk: Desk):
    paths = [desk.submit() for _ in range(3)]
    first = desk.http.get("/experiments?limit=2").json()
    desk.submit()
    second = desk.http.get(first["next"]).json()
    assert [f"/experiments/{each['id']}" for each in second["experiments"]] == paths[:1]


@pytest.mark.slow
def test_the_list_keeps_to_a_status_on_every_page(desk: Desk):
    cancelled = [desk.submit() for _ in range(3)]
    for path in cancelled:
        desk.submit()
        desk.http.post(f"{path}/cancel")
    first = desk.http.get("/experiments?limit=2&status=cancelled").json()
    second = desk.http.get(first["next"]).json()
    seen = [f"/experiments/{each['id']}" for each in first["experiments"] + second["experiments"]]
    assert seen == cancelled[::-1]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=asleep", "status"),
        ("limit=0", "limit"),
        ("limit=1000", "limit"),
        ("limit=many", "limit"),
        ("cursor=", "cursor"),
        ("cursor=zzz", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=é", "cursor"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(desk: Desk, query: str, field: str):
    assert refused(desk.http.get(f"/experiments?{query}"))["errors"][0]["field"] == field


@pytest.mark.parametrize("inside", ["-1", "1.5", "9" * 30, "1 OR 1=1", "²", ""])
def test_a_cursor_that_was_tampered_with_is_refused(inside: str):
    with pytest.raises(Invalid):
        read_cursor(base64.urlsafe_b64encode(inside.encode()).decode().rstrip("="))


@pytest.mark.parametrize("position", [0, 1, 12345, 10**18 - 1])
def test_a_cursor_reads_back(position: int):
    assert read_cursor(write_cursor(position)) == position


def test_a_queued_experiment_is_cancelled_at_once_and_only_once(desk: Desk):
    path = desk.submit()
    assert desk.http.post(f"{path}/cancel").json()["status"] == "cancelled"
    assert "cancelled already" in refused(desk.http.post(f"{path}/cancel"), 409)["detail"]


def test_a_running_experiment_is_told_to_stop_and_may_be_told_again(desk: Desk):
    experiment, _ = desk.store.add(a_spec())
    desk.store.claim(experiment.id, worker="one")
    for _ in range(2):
        said = desk.http.post(f"/experiments/{experiment.id}/cancel").json()
        assert (said["status"], said["cancel_requested"]) == ("running", True)


def test_a_finished_experiment_cannot_be_cancelled(desk: Desk):
    refused(desk.http.post(f"{desk.trained(a_spec())}/cancel"), 409)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_an_unknown_experiment_cannot_be_cancelled_or_deleted(desk: Desk, method: str):
    refused(desk.http.request(method, f"/experiments/{uuid4()}" + "/cancel" * (method == "POST")), 404)


def test_a_deleted_experiment_is_gone(desk: Desk):
    path = desk.trained(a_spec())
    answer = desk.http.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    refused(desk.http.get(path), 404)
    refused(desk.http.delete(path), 404)


@pytest.mark.slow
def test_what_has_not_changed_is_not_sent_again(desk: Desk):
    experiment, _ = desk.store.add(a_spec())
    path = f"/experiments/{experiment.id}"
    calls = [path, f"{path}/history", f"{path}/gradients", f"{path}/gradients?statistic=l2", "/experiments"]
    etags = {call: desk.http.get(call).headers["ETag"] for call in calls}
    assert len(set(etags.values())) == len(calls)
    for call, etag in etags.items():
        for held in (etag, f'"other", {etag}', f"W/{etag}", "*"):
            answer = desk.http.get(call, headers={"If-None-Match": held})
            assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
    claim = desk.store.claim(experiment.id, worker="one")
    assert claim
    desk.store.append(claim, a_chunk(claim.spec))
    for call, etag in etags.items():
        answer = desk.http.get(call, headers={"If-None-Match": etag})
        assert answer.status_code == 200
        assert answer.headers["ETag"] != etag


def test_an_answer_that_has_not_changed_costs_one_query_and_reads_no_series(desk: Desk, monkeypatch):
    path = desk.trained(a_spec())
    etag = desk.http.get(f"{path}/gradients").headers["ETag"]
    asked: list[str] = []
    for name in ("get", "revision", "layout", "metrics", "series"):
        method = getattr(ExperimentStore, name)
        monkeypatch.setattr(
            ExperimentStore, name, lambda *a, name=name, method=method, **k: (asked.append(name), method(*a, **k))[1]
        )
    assert desk.http.get(f"{path}/gradients", headers={"If-None-Match": etag}).status_code == 304
    assert asked == ["revision"]


@pytest.mark.parametrize(
    ("call", "last_read"),
    [
        ("", "get"),
        *((f"/{name}", "rows_of") for name in ("gradients", "history", "histograms", "signals/steps")),
        pytest.param("/boundary", "rows_of", marks=pytest.mark.slow),  # it draws samples
    ],
)
def test_an_etag_is_that_of_what_is_sent(shared_desk: Desk, monkeypatch, call: str, last_read: str):
    """Even where a worker stores a chunk after the request has read the revision, and before its last query."""
    store, read = shared_desk.store, getattr(ExperimentStore, last_read)
    experiment, _ = store.add(EVERY_SERIES)
    claim, path = store.claim(experiment.id, worker="one"), f"/experiments/{experiment.id}{call}"
    assert claim
    store.append(claim, a_chunk(claim.spec, first_epoch=0, epochs=2))
    before, later = shared_desk.http.get(path), [a_chunk(claim.spec, first_epoch=2, epochs=1)]

    def after_a_chunk(*asked):
        with ThreadPoolExecutor(1) as worker:
            while later:
                worker.submit(store.append, claim, later.pop()).result()
        return read(*asked)

    monkeypatch.setattr(ExperimentStore, last_read, after_a_chunk)
    during, after = shared_desk.http.get(path), shared_desk.http.get(path)
    assert (during.headers["ETag"], during.json(), later) == (before.headers["ETag"], before.json(), [])
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.json() != before.json()


def test_the_etag_of_one_media_type_is_not_that_of_another(desk: Desk):
    path = f"{desk.trained(a_spec())}/gradients"
    etags = {desk.http.get(path, headers={"Accept": kind}).headers["ETag"] for kind in ("text/csv", "application/json")}
    assert len(etags) == 2
    assert desk.http.get(path).headers["Vary"] == "Accept, Accept-Encoding"


@pytest.mark.slow
def test_head_answers_the_headers_alone(desk: Desk):
    path = desk.trained(a_spec())
    for call in ("/livez", "/catalogue", "/experiments", path, f"{path}/gradients", "/docs"):
        got, head = desk.http.get(call), desk.http.head(call)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers == got.headers


@pytest.mark.parametrize("key", [None, "Bearer wrong", "Bearer ", "Basic c2VjcmV0", "secret", "Bearer sécret"])
def test_without_the_key_nothing_is_answered(open_desk, key: str | None):
    desk = open_desk(api_key="secret")
    headers = {"Authorization": key.encode()} if key else {}
    for method, call in [("GET", "/experiments"), ("POST", "/experiments"), ("GET", "/catalogue")]:
        answer = desk.http.request(method, call, headers=headers, json={} if method == "POST" else None)
        refused(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    for call in ("/livez", "/docs"):
        assert desk.http.get(call, headers=headers).status_code == 200


@pytest.mark.parametrize("key", ["secret", "schlüssel"])
def test_with_the_key_all_is_answered(open_desk, key: str):
    desk = open_desk(api_key=key)
    for scheme in ("Bearer", "bearer"):
        headers = {"Authorization": f"{scheme} {key}".encode()}
        assert desk.http.get("/experiments", headers=headers).status_code == 200


def test_a_service_that_others_can_reach_does_not_start_without_a_key(tmp_path):
    for host in ("0.0.0.0", "::", "192.168.1.5", "lab.example"):
        with pytest.raises(SystemExit, match="GRADLAB_API_KEY"):
            create_app(Settings(_env_file=None, data_dir=tmp_path, host=host))
        create_app(Settings(_env_file=None, data_dir=tmp_path, host=host, api_key="secret"))
    for host in ("127.0.0.1", "::1", "localhost"):
        create_app(Settings(_env_file=None, data_dir=tmp_path, host=host))


@pytest.mark.parametrize(
    ("method", "call", "status"), [("GET", "/nothing", 404), ("PUT", "/experiments", 405), ("GET", "/static/x", 404)]
)
def test_what_there_is_not_is_answered_with_a_problem_document(desk: Desk, method: str, call: str, status: int):
    answer = desk.http.request(method, call)
    assert refused(answer, status)["instance"] == call
    assert status != 405 or "POST" in answer.headers["Allow"]


def test_a_bug_of_ours_is_a_problem_document_without_a_traceback(desk: Desk, monkeypatch):
    monkeypatch.setattr(ExperimentStore, "page", lambda *_, **__: 1 / 0)
    assert "ZeroDivision" not in str(refused(desk.http.get("/experiments"), 500))


def test_every_answer_forbids_guessing_and_foreign_scripts(desk: Desk):
    for call in ("/experiments", "/nothing", "/docs", "/static/swagger-ui.css"):
        headers = desk.http.get(call).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert "Server" not in headers


def test_a_full_disk_is_said_wherever_it_is_met(desk: Desk, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    desk.bell.ping = lambda: None  # type: ignore[attr-defined]
    monkeypatch.setattr(ExperimentStore, "page", full)
    assert "disk is full" in refused(desk.http.get("/experiments"), 503)["detail"]
    monkeypatch.setattr("core.disk.TemporaryFile", full)
    answer = desk.http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["disk"].startswith("The disk is full")


@pytest.mark.parametrize("urls", [{}, {"database_url": "sqlite:///{}/lab.db", "broker_url": "redis://127.0.0.1:1"}])
def test_the_disks_that_are_asked_are_those_with_files_of_ours(urls, open_desk, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("api.http.readiness.check_room", asked.append)
    desk = open_desk(**{name: url.format(tmp_path) for name, url in urls.items()})
    desk.bell.ping = lambda: None  # type: ignore[attr-defined]
    desk.http.get("/readyz")
    data = desk.settings.data_dir.resolve()
    assert set(asked) == ({tmp_path} if urls else {data, data / "broker"})


def test_a_service_in_order_is_ready(open_desk):
    desk = open_desk()
    desk.bell.ping = lambda: None  # type: ignore[attr-defined]
    answer = desk.http.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (
        200,
        {"database": "ok", "migrations": "ok", "broker": "ok", "disk": "ok"},
    )
    assert desk.http.get("/livez").json() == {"status": "alive"}


def test_what_keeps_a_service_from_being_ready_is_named(desk: Desk):
    def away() -> None:
        raise Unavailable("The broker does not answer.")

    desk.bell.ping = away  # type: ignore[attr-defined]
    with sqlite3.connect(desk.settings.data_dir / "gradlab.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '0005'")
    answer = desk.http.get("/readyz")
    checks = answer.json()["checks"]
    assert answer.status_code == 503
    assert checks["database"] == "ok"
    assert "gradlab migrate" in checks["migrations"]
    assert checks["broker"] == "The broker does not answer."
    assert desk.http.get("/livez").status_code == 200


def test_a_database_that_became_a_later_versions_is_not_ready_and_takes_nothing(desk):
    desk.bell.ping = lambda: None  # type: ignore[attr-defined]
    with sqlite3.connect(desk.settings.data_dir / "gradlab.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    answer = desk.http.get("/readyz")
    assert answer.status_code == 503
    assert "revision 9999" in answer.json()["checks"]["migrations"]
    assert "gradlab migrate" not in answer.text
    refusal = desk.http.post("/experiments", content=a_spec().canonical(), headers={"Content-Type": "application/json"})
    assert refusal.status_code == 503
    assert "revision 9999" in refusal.json()["detail"]
    assert desk.http.get("/experiments").json()["experiments"] == []


@pytest.mark.slow
def test_a_database_that_is_away_is_not_ready(open_desk, tmp_path):
    desk = open_desk(database_url=f"sqlite:///{tmp_path}/nowhere/lab.db")
    desk.bell.ping = lambda: None  # type: ignore[attr-defined]
    checks = desk.http.get("/readyz").json()["checks"]
    assert "does not answer" in checks["database"]
    assert "does not answer" in checks["migrations"]


@pytest.mark.slow
def test_the_catalogue_names_everything_with_its_parameters(desk: Desk):
    said = desk.http.get("/catalogue").json()
    assert said == catalogue().model_dump(mode="json")
    circles = next(each for each in said["datasets"] if each["kind"] == "circles")
    noise = next(each for each in circles["parameters"] if each["name"] == "noise")
    assert (noise["type"], noise["required"], noise["default"]) == ("number", False, 0.1)
    assert "at least 0" in noise["bounds"]
    assert "standard deviation" in noise["description"].lower()
    dense = next(each for each in said["layers"] if each["kind"] == "dense")
    types = {each["name"]: (each["type"], each["required"]) for each in dense["parameters"]}
    assert types["units"] == ("integer", True)
    assert types["activation"] == ("activations", False)
    assert types["kernel_initializer"] == ("initializers", False)
    assert "binary_crossentropy" in {each["kind"] for each in said["losses"]}
    named = {kind: [each["name"] for each in shelf] for kind, shelf in said["statistics"].items()}
    assert named == {kind: [each.name for each in shelf] for kind, shelf in STATISTICS.items()}
    (rms, _) = said["statistics"]["signals"]
    assert (rms["formula"], rms["range"]) == ("√(mean of δ²)", "[0, ∞)")


@pytest.mark.slow
def test_the_description_documents_every_operation(desk: Desk):
    description = desk.http.get("/openapi.json").json()
    operations = [
        (method, path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) == 62 + len(STATISTIC_KINDS)  # an endpoint for each kind that has statistics
    for method, path, operation in operations:
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        for status, answer in operation["responses"].items():
            if status >= "400" and path != "/readyz":
                assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
    for kind in KINDS:
        answers = description["paths"][f"/experiments/{{experiment_id}}{kind}"]["get"]["responses"]["200"]["content"]
        assert list(answers) == ["application/json", "text/csv", "application/x-npz"]
        shown = {"sampling": None, **answers["application/json"]["example"]}  # a description leaves out what is null
        (run,) = shown["layers"][0]["runs"]
        run.setdefault("first_nonfinite", None)
        EXAMPLES[kind].model_validate(shown)
    body = description["paths"]["/experiments"]["post"]["requestBody"]["content"]["application/json"]
    example = body["examples"]["deep tanh"]["value"]
    assert desk.http.post("/experiments", json=example).status_code == 202


def test_the_documentation_refers_to_this_origin_alone(desk: Desk):
    page = desk.http.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "://" not in page.text
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "docs.js"):
        assert f"/static/{name}" in page.text
        assert desk.http.get(f"/static/{name}").status_code == 200
