"""Trainings elsewhere over HTTP: submitted, sent, refused with reasons, and seen as any other experiment is."""

import io
import json

import numpy as np
import pytest

from gradlab.client.connection import Refused
from gradlab.client.events import read_events
from gradlab.client.outbox import Ended, Epoch, Outbox
from gradlab.client.sending import encode_series
from gradlab.measurement.history import History
from gradlab.spec import ANY_SPEC
from tests.builders import a_spec, an_external_spec, measured
from tests.unit.desk import Desk, as_json, client_of, description

SPEC = an_external_spec(epochs=40, seeds=(3, 8), layers=3)
CHART_NAMES = ["history", "gradients", "gradients-heatmap"]


@pytest.fixture
def it(desk: Desk) -> str:
    return desk.submit(SPEC)


def body(history: History) -> dict:
    """A history as it is sent."""
    metrics = dict(zip(history.layout.metrics, history.metrics.T, strict=True))
    return json.loads(encode_series(history.first_epoch, metrics, history.series))


def by_name(history: History) -> dict:
    """The same with its columns by name, in another order than the experiment's."""
    return body(history) | {"series": named(history)}


def named(history: History) -> dict:
    """Kind -> column -> recorded epoch × tensor."""
    sent = body(history)["series"]
    return {
        kind: {
            name: [[row[place] for row in rows] for rows in sent[kind]]
            for place, name in reversed([*enumerate(history.layout[kind].columns)])
        }
        for kind in sent
    }


def send(desk: Desk, it: str, seed: int = 3, **sent):
    return desk.http.put(f"{it}/runs/{seed}/series", json=sent)


def vanishing(seed: int, epochs: int) -> History:
    """A run whose loss stands still, and whose first layer gets next to no gradient."""
    history = measured(SPEC, seed, 1, epochs)
    history.metrics[:, 0] = 0.69
    gradients, columns = history.series["gradients"], SPEC.layout["gradients"].columns
    gradients[:] = 0.1
    for share in ("zero_fraction", "nonfinite"):
        gradients[:, :, columns.index(share)] = 0
    gradients[:, 0] *= 1e-9
    return history


def seen(desk: Desk) -> str:
    """An experiment both of whose runs have been sent whole."""
    it = desk.submit(SPEC)
    for seed in SPEC.seeds:
        assert send(desk, it, seed, **body(vanishing(seed, 40))).status_code == 200
        assert desk.http.post(f"{it}/runs/{seed}/end", json={"status": "completed"}).status_code == 200
    return it


@pytest.mark.slow
def test_it_is_submitted_like_any_other_and_rings_no_bell(desk: Desk, it: str):
    found = desk.http.get(it).json()
    assert (found["source"], found["status"], found["name"]) == ("external", "running", "elsewhere")
    assert found["spec"] == as_json(SPEC)
    assert found["expected_by"] is not None
    assert found["progress"] == {"epochs_done": 0, "epochs_total": 80}
    assert desk.bell.rung == []
    ours = desk.http.get(desk.submit()).json()
    assert (ours["source"], ours["expected_by"]) == ("service", None)
    assert desk.submit(SPEC, **{"Idempotency-Key": "a"}) == desk.submit(SPEC, **{"Idempotency-Key": "a"})
    named = [each["source"] for each in desk.http.get("/experiments").json()["experiments"]]
    assert named == ["external", "service", "external"]


@pytest.mark.parametrize(("framework", "turned"), [("torch", True), ("keras", False), (None, False)])
def test_shapes_that_were_turned_to_keras_order_are_called_so(desk: Desk, framework, turned):
    shapes = desk.http.get(desk.submit(an_external_spec(framework=framework))).json()["shapes"]
    assert (shapes is not None and "in Keras's order of axes" in shapes) is turned


def test_a_spec_of_our_own_may_say_so(desk: Desk):
    spelled = desk.http.post("/experiments", json=as_json(a_spec()) | {"source": "service"})
    assert spelled.status_code == 202
    assert spelled.json()["spec"] == as_json(a_spec())


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"source": "elsewhere"}, "source", '"service" or nothing here'),
        ({"layers": []}, "layers", "a length of at least 1"),
        ({"metrics": ["accuracy"]}, "metrics", "`loss` among the metrics"),
        ({"metrics": ["loss", "loss"]}, "metrics", "each metric once"),
        ({"layers": [as_json(SPEC)["layers"][0]] * 2}, "layers", "each layer's name once"),
        ({"record": {"activations": 1, "gradients": "1"}}, "record.gradients", "a valid integer"),
        ({"initial_epoch": 40}, "initial_epoch", "an epoch before the last one, 40"),
        ({"epochs": 100_001}, "epochs", "at most 100,000 epochs"),
        ({"epochs": 100_000, "seeds": list(range(256))}, "record", "bytes of series in the database"),
        ({"seeds": list(range(257)), "epochs": 1}, "seeds", "at most 256 runs"),
        ({"dataset": "circles"}, "dataset", "no such field"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused_by_field(desk: Desk, changes, field, expected):
    answer = desk.http.post("/experiments", json=as_json(SPEC) | changes)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert expected in error["expected"]


@pytest.mark.slow
def test_what_is_sent_is_answered_with_what_comes_next(desk: Desk, it: str):
    assert send(desk, it, from_epoch=1).json() == {
        "experiment_id": it.rpartition("/")[2],
        "seed": 3,
        "epochs_done": 0,
        "next_epoch": 1,
    }
    for _ in range(2):
        answer = send(desk, it, **body(measured(SPEC, 3, 1, 5)))
        assert answer.status_code == 200
        assert (answer.json()["epochs_done"], answer.json()["next_epoch"]) == (5, 6)
    assert desk.http.get(it).json()["runs"][0]["epochs_done"] == 5


@pytest.mark.slow
def test_numbers_that_are_not_finite_arrive_as_what_they_are(desk: Desk, it: str):
    history = measured(SPEC, 3, 1, 2)
    history.series["gradients"][0, 0, :4] = [np.nan, np.inf, -np.inf, 3e38]
    sent = body(history)
    sent["metrics"]["val_loss"][1] = None
    assert send(desk, it, **sent).status_code == 200
    kept = desk.store.series(desk.store.page(limit=1).experiments[0].id, "gradients")[3]
    assert kept.values.tobytes() == history.series["gradients"].tobytes()
    found = desk.http.get(f"{it}/gradients", params={"statistic": "mean"}).json()["layers"][0]["runs"][0]
    assert found["first_nonfinite"] == {"epoch": 1, "kind": "inf"}
    assert desk.http.get(f"{it}/history").json()["runs"][0]["metrics"]["val_loss"][1] is None


EVERYTHING = an_external_spec(
    epochs=8, seeds=(3,), record={"gradients": 1, "weights": 2, "activations": 1, "signals": 3, "histograms": 4}
)


@pytest.mark.parametrize("form", [body, by_name], ids=["columns by position", "columns by name"])
def test_either_way_of_sending_columns_stores_the_same_bits(desk: Desk, form):
    """By position for one more version: senders of the version before know no names."""
    history = measured(EVERYTHING, 3, 1, 8)
    history.series["gradients"][0, 0, :4] = [np.nan, np.inf, -np.inf, 3e38]
    it = desk.submit(EVERYTHING)
    assert send(desk, it, **form(history)).status_code == 200
    made = desk.store.page(limit=1).experiments[0].id
    for kind, values in history.series.items():
        kept = desk.store.series(made, kind)[3]
        assert kept.values.tobytes() == values.tobytes(), kind
        assert kept.epochs.tolist() == [*history.epochs_of(kind)]


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        (lambda sent: sent.update(l2=3), "series.gradients.l2", "a list of 2"),
        (lambda sent: sent.pop("l2"), "series.gradients.l2", "a value: it is in the spec"),
        (lambda sent: sent.update(l3=[[0.0] * 6] * 2), "series.gradients.l3", "only mean_abs, mean, std"),
        (lambda sent: sent.update(l2=[[0.0] * 6]), "series.gradients.l2", "a list of 2"),
        (lambda sent: sent.update(l2=[[0.0] * 5] * 2), "series.gradients.l2[0]", "a list of 6"),
        (lambda sent: sent["std"][1].__setitem__(2, "1"), "series.gradients.std[1][2]", "a number that"),
    ],
)
def test_columns_by_name_that_make_no_sense_are_refused_by_name(desk: Desk, it: str, change, field, expected):
    sent = by_name(measured(SPEC, 3, 1, 2))
    change(sent["series"]["gradients"])
    answer = send(desk, it, **sent)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert expected in error["expected"]
    assert desk.http.get(it).json()["progress"]["epochs_done"] == 0


@pytest.mark.slow
def test_the_description_calls_columns_by_position_deprecated():
    forms = description()["components"]["schemas"]["SeriesRequest"]["properties"]["series"]
    by_columns, by_position = forms["additionalProperties"]["oneOf"]
    assert (by_columns["type"], by_columns.get("deprecated")) == ("object", None)
    assert (by_position["type"], by_position["deprecated"]) == ("array", True)


@pytest.mark.slow
def test_the_sender_sends_columns_by_name(desk: Desk):
    client, asked = client_of(desk), []
    send_on = client.send
    client.send = lambda *about, **sent: asked.append(sent) or send_on(*about, **sent)
    spec, history = an_external_spec(epochs=4), measured(an_external_spec(), 0, 1, 4)
    outbox = Outbox(client, 1_000_000, 0.0, stop_when_cancelled=False)
    outbox.open(spec)
    for epoch, (metrics, gradients) in enumerate(zip(history.metrics, history.series["gradients"], strict=True), 1):
        outbox.put(Epoch(0, epoch, history.layout.metrics, metrics, gradients))
    outbox.put(Ended(0, None))
    outbox.close(30.0)
    assert outbox.trouble() is None
    columns = {name for sent in asked for name in sent.get("series", {}).get("gradients", {})}
    assert columns == {*history.layout["gradients"].columns}
    kept = desk.store.series(outbox.experiment_id, "gradients")[0]
    assert kept.values.tobytes() == history.series["gradients"].tobytes()


def without(field: str, sent: dict) -> dict:
    kept = json.loads(json.dumps(sent))
    del kept[field.split(".")[0]][field.split(".")[1]]
    return kept


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        (lambda sent: without("metrics.accuracy", sent), "metrics.accuracy", "a value: it is in the spec"),
        (lambda sent: without("series.gradients", sent), "series.gradients", "a value: it is in the spec"),
        (lambda sent: sent | {"metrics": sent["metrics"] | {"auc": [1, 2]}}, "metrics.auc", "only loss, accuracy"),
        (lambda sent: sent | {"series": sent["series"] | {"weights": []}}, "series.weights", "only gradients"),
        (lambda sent: sent | {"metrics": sent["metrics"] | {"loss": [1]}}, "metrics.loss", "a list of 2"),
        (lambda sent: sent | {"series": {"gradients": 5}}, "series.gradients", "a valid dictionary"),
        (lambda sent: sent | {"series": {"gradients": [[]] * 2}}, "series.gradients[0]", "a list of 6"),
        (lambda sent: sent | {"metrics": sent["metrics"] | {"loss": [1, "2"]}}, "metrics.loss[1]", "a number that"),
        (lambda sent: sent | {"metrics": sent["metrics"] | {"loss": [1, True]}}, "metrics.loss[1]", "a number that"),
        (lambda sent: sent | {"metrics": sent["metrics"] | {"loss": [1e39, 1]}}, "metrics.loss[0]", "float32 holds"),
        (lambda sent: sent | {"from_epoch": 40}, "metrics", "epochs up to 40"),
        (lambda sent: sent | {"from_epoch": -1}, "from_epoch", "a number of at least 0"),
        (lambda sent: {"series": sent["series"], "from_epoch": 1}, "metrics", "an epoch at least, or neither"),
        (lambda sent: sent | {"more": 1}, "more", "no such field"),
    ],
)
def test_a_chunk_that_makes_no_sense_is_refused_by_field_and_nothing_is_kept(desk, it, change, field, expected):
    answer = send(desk, it, **change(body(measured(SPEC, 3, 1, 2))))
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert expected in error["expected"]
    assert desk.http.get(it).json()["progress"]["epochs_done"] == 0


def test_a_gap_is_a_conflict_that_says_what_was_expected(desk: Desk, it: str):
    answer = send(desk, it, **body(measured(SPEC, 3, 7, 2)))
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"] == [{"field": "from_epoch", "expected": "0 or 1, the next epoch", "received": "7"}]


def test_a_body_is_bounded(open_desk):
    desk = open_desk(max_body_bytes=2000)
    assert send(desk, desk.submit(SPEC), **body(measured(SPEC, 3, 1, 20))).status_code == 413


def test_after_cancel_the_next_send_is_a_conflict_and_after_delete_there_is_nothing(desk: Desk, it: str):
    assert desk.http.post(f"{it}/cancel").json()["status"] == "cancelled"
    answer = send(desk, it, **body(measured(SPEC, 3, 1, 2)))
    assert answer.status_code == 409
    assert "was cancelled" in answer.json()["detail"]
    assert desk.http.delete(it).status_code == 204
    assert send(desk, it, from_epoch=1).status_code == 404


def test_how_a_run_ends_is_said_once(desk: Desk, it: str):
    end = f"{it}/runs/3/end"
    assert desk.http.post(end, json={"status": "stopped"}).status_code == 422
    assert desk.http.post(end, json={"status": "completed", "error": "x"}).json()["errors"][0]["field"] == "error"
    assert desk.http.post(end, json={"status": "failed"}).json()["runs"][0]["error"] == "its sender did not say why"
    assert desk.http.post(end, json={"status": "completed"}).status_code == 409
    assert desk.http.post(f"{it}/runs/9/end", json={"status": "completed"}).status_code == 404
    last = desk.http.post(f"{it}/runs/8/end", json={"status": "completed"}).json()
    assert (last["status"], last["error"]) == ("failed", "seed 3: its sender did not say why")


@pytest.mark.slow
def test_what_makes_no_sense_for_a_training_elsewhere_says_why(desk: Desk):
    it = seen(desk)
    ours = desk.submit()
    for answer, status, said in (
        (desk.http.post(f"{it}/treatments"), 409, "trained elsewhere"),
        (desk.http.post("/experiments/validate", json=as_json(SPEC)), 422, "where a spec is trained"),
        (desk.http.post("/experiments/triage", json=as_json(SPEC)), 422, "where a spec is trained"),
        (desk.http.get(f"{it}/runs/3/model.keras"), 409, "trained elsewhere"),
        (desk.http.get(f"{it}/weights"), 404, "trained elsewhere, and they are not sent"),
        (desk.http.get(f"{it}/signals/steps"), 404, "trained elsewhere, and they are not sent"),
        (desk.http.get(f"{it}/charts/data.svg"), 404, "its data are not sent"),
        (desk.http.get(f"{it}/charts/gradient-norm.svg"), 404, "not among its metrics"),
        (desk.http.put(f"{ours}/runs/0/series", json={"from_epoch": 1}), 409, "is trained by this service"),
        (desk.http.post(f"{ours}/runs/0/end", json={"status": "completed"}), 409, "is trained by this service"),
    ):
        assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text


@pytest.mark.slow
def test_its_series_exports_and_charts_are_those_of_any_experiment(desk: Desk):
    it = seen(desk)
    whole = {seed: vanishing(seed, 40) for seed in SPEC.seeds}
    answer = desk.http.get(f"{it}/gradients", params={"statistic": "l2", "parameter": "all", "seed": 8}).json()
    column = SPEC.layout["gradients"].columns.index("l2")
    assert answer["epochs"] == list(range(1, 41))
    for place, layer in enumerate(answer["layers"]):
        assert (
            np.float32(layer["runs"][0]["values"]).tolist() == whole[8].series["gradients"][:, place, column].tolist()
        )
    with np.load(io.BytesIO(desk.http.get(f"{it}/series.npz").content)) as archive:
        assert archive["gradients_1"].tobytes() == whole[8].series["gradients"].tobytes()
        assert archive["metrics_0"].tobytes() == whole[3].metrics.tobytes()
    for name in ("series.parquet", "tensorboard.zip"):
        assert desk.http.get(f"{it}/{name}").status_code == 200
    charts = desk.http.get(f"{it}/charts").json()["charts"]
    assert [each["name"] for each in charts] == CHART_NAMES
    for name in CHART_NAMES:
        assert desk.http.get(f"{it}/charts/{name}.svg").status_code == 200
    events = list(read_events(desk.http.get(f"{it}/events")))
    runs = [run for event in events for run in event.data.get("runs", ()) if event.name == "epochs"]
    assert [epoch for run in runs if run["seed"] == 3 for epoch in run["epochs"]] == list(range(1, 41))
    assert (events[-1].name, events[-1].data["status"]) == ("done", "completed")


@pytest.mark.slow
def test_the_curves_of_a_training_without_validation_are_drawn(desk: Desk):
    spec = an_external_spec(metrics=["loss", "accuracy"])
    it = desk.submit(spec)
    assert send(desk, it, 0, **body(measured(spec, 0, 1, 4))).status_code == 200
    drawn = desk.http.get(f"{it}/charts/history.svg")
    assert drawn.status_code == 200
    assert "validation" not in drawn.text


def test_weights_of_another_framework_are_kernels_in_every_view_that_asks_for_them(desk: Desk):
    linear = {"class_name": "Linear", "output_shape": [3]}
    layers = [
        {"name": "fc1", "parameters": [{"name": "weight", "shape": [3, 2]}, {"name": "bias", "shape": [3]}], **linear},
        {"name": "norm", "parameters": [{"name": "weight", "shape": [3]}, {"name": "bias", "shape": [3]}], **linear},
        {"name": "lstm", "parameters": [{"name": "weight_ih_l0", "shape": [12, 3]}], **linear},
    ]
    spec = an_external_spec().model_copy(update={"metrics": ("loss",)}).model_dump(mode="json") | {"layers": layers}
    path = desk.http.post("/experiments", json=spec).headers["Location"]
    history = measured(ANY_SPEC.validate_python(spec), 0, 1, 2)
    assert desk.http.put(f"{path}/runs/0/series", json={"from_epoch": 1} | body(history)).status_code == 200
    for query, expected in (
        ("", ["fc1/weight", "lstm/weight_ih_l0"]),
        ("?parameter=kernel&parameter=bias", ["fc1/weight", "fc1/bias", "norm/bias", "lstm/weight_ih_l0"]),
        ("?parameter=weight", ["fc1/weight", "norm/weight"]),
    ):
        answered = desk.http.get(f"{path}/gradients{query}").json()["layers"]
        assert [f"{each['layer']}/{each['parameter']}" for each in answered] == expected


@pytest.mark.slow
def test_rules_say_what_they_see_and_which_of_them_cannot_be_judged(desk: Desk):
    found = desk.http.get(f"{seen(desk)}/diagnosis").json()
    assert found["verdict"] == "at risk"
    assert found["root_cause"] == "vanishing_gradient"
    rules = {each["rule"]: each for each in found["findings"]}
    assert {*rules} == {"vanishing_gradient", "gradient_floor"}
    assert rules["vanishing_gradient"]["layers"] == ["dense_1"]
    assert rules["vanishing_gradient"]["seeds"] == [3, 8]
    assert {each["outcome"] for each in found["outcomes"]} == {"undecided"}
    assert found["suggestions"]
    for each in found["suggestions"]:  # of its layers only the tensors are known: the remedies' own words remain
        assert (each["spec"], each["code"], each["changes"]) == (None, None, []), each["remedy"]
        assert each["instructions"]
    unjudged = {each["rule"]: each["why"] for each in found["unjudged"]}
    assert unjudged["not_learning"] == "neither the loss of a constant answer nor R² is known"
    assert unjudged["overfitting"].startswith("the loss of the best constant answer is not known")
    assert unjudged["learning_rate"] == "the metric learning_rate is not sent"
    assert all(each["advice"] for each in found["unjudged"])
    assert {"dead_units", "overfitting", "input_range", "initial_variance", "finite_width"} < {*unjudged}
    assert not {"vanishing_gradient", "exploding_gradient", "exploding_growth", "nonfinite"} & {*unjudged}


def test_a_training_whose_loss_has_fallen_far_is_not_suspected(desk: Desk):
    it = desk.submit(SPEC)
    history = vanishing(3, 40)
    history.metrics[:, 0] = np.linspace(0.69, 0.1, 40)
    assert send(desk, it, **body(history)).status_code == 200
    found = desk.http.get(f"{it}/diagnosis").json()
    assert (found["verdict"], found["findings"]) == ("undecided", [])


@pytest.mark.slow
def test_a_training_that_left_the_finite_numbers_is_ill(desk: Desk):
    it = desk.submit(an_external_spec(epochs=40))
    history = measured(an_external_spec(), 0, 1, 6)
    history.series["gradients"][:, :, SPEC.layout["gradients"].columns.index("nonfinite")] = 0
    history.metrics[5, 0] = np.nan
    assert send(desk, it, 0, **body(history)).status_code == 200
    assert desk.http.post(f"{it}/runs/0/end", json={"status": "completed"}).json()["stopped_by"] == "nonfinite"
    found = desk.http.get(f"{it}/diagnosis").json()
    assert found["verdict"] == "ill"
    (nonfinite,) = (each for each in found["findings"] if each["rule"] == "nonfinite")
    assert (nonfinite["kind"], nonfinite["since_epoch"]) == ("failure", 6)


@pytest.mark.slow
def test_the_client_sends_what_the_callback_holds(desk: Desk):
    client = client_of(desk)
    made = client.submit(an_external_spec(epochs=3))
    history = measured(an_external_spec(), 0, 1, 3)
    metrics = dict(zip(history.layout.metrics, history.metrics.T, strict=True))
    answer = client.send(made.id, 0, from_epoch=1, metrics=metrics, series=history.series)
    assert answer.next_epoch == 4
    assert client.end_run(made.id, 0).status == "completed"
    kept = client.gradients(made.id, statistic="mean", parameter="all")["values"][0]
    mean = history.layout["gradients"].columns.index("mean")
    assert kept.tobytes() == np.ascontiguousarray(history.series["gradients"][:, :, mean]).tobytes()
    with pytest.raises(Refused, match="has ended"):
        client.send(made.id, 0, from_epoch=4)
    assert "completed" in client.get(made.id)._repr_html_()
