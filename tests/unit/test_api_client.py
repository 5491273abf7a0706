"""The client and the command line against a desk in the same process: what they ask, what they make of the answers."""

import importlib
import json
import re
import sys
from typing import get_args

import httpx2
import numpy as np
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from core.store import ExperimentStore
from gradlab.cli import actions
from gradlab.cli.display import in_words
from gradlab.cli.examining import EXIT
from gradlab.cli.exits import Exit
from gradlab.cli.outcome import OUTCOME
from gradlab.client import polling as watching
from gradlab.client.client import Client, Refused, Unreachable
from gradlab.client.doctoring import Outcome
from gradlab.errors import Unavailable
from gradlab.frozen import STORED
from gradlab.measurement.history import Culprit
from gradlab.schemas.status import Status
from gradlab.spec import ANY_SPEC
from tests.builders import a_chunk, a_spec, measured
from tests.unit.desk import Desk, client_of

cli = importlib.import_module("gradlab.cli.main")  # its name in the package is that of its entry point
SPEC = a_spec(epochs=6, seeds=(0, 3))


@pytest.fixture
def client(desk: Desk, monkeypatch) -> Client:
    """A client of the desk."""
    made = client_of(desk)
    # The desk in this process answers when it has all of an answer: a stream cannot be had from it.
    monkeypatch.setattr(made, "events", _no_stream)
    return made


def _no_stream(*_: object, **__: object):
    raise Unreachable("no stream")


@pytest.fixture
def gradlab(client: Client, monkeypatch):
    """Runs a command against the desk, with no settings from outside."""
    monkeypatch.setattr(actions, "_client", lambda url: client)
    return lambda *arguments, **more: CliRunner().invoke(cli.app, arguments, **more)


@pytest.fixture
def written(tmp_path):
    """A spec in a file."""
    file = tmp_path / "spec.json"
    file.write_text(SPEC.canonical())
    return str(file)


def test_what_is_submitted_can_be_looked_at_cancelled_and_deleted(client: Client):
    submitted = client.submit(SPEC)
    assert (submitted.status, submitted.spec) == (Status.queued, SPEC)
    assert client.get(submitted.id) == submitted
    assert client.cancel(submitted.id).status is Status.cancelled
    client.delete(submitted.id)
    with pytest.raises(Refused, match="There is no experiment") as refused:
        client.get(submitted.id)
    assert refused.value.problem.status == 404


def test_an_experiment_that_would_be_refused_today_can_still_be_read(client: Client, desk: Desk):
    noise = {"kind": "gaussian_noise", "stddev": 2.0}
    fields = SPEC.model_dump(mode="json")
    fields["model"]["layers"].insert(0, noise)
    with pytest.raises(ValidationError):
        ANY_SPEC.validate_python(fields)
    old = desk.store.add(ANY_SPEC.validate_json(json.dumps(fields), context=STORED))[0]
    assert client.get(old.id).spec == old.spec
    assert [each.spec for each in client.experiments()] == [old.spec]


def test_validating_queues_nothing(client: Client):
    assert client.validate(SPEC).estimate.parameters == 13
    assert list(client.experiments()) == []


@pytest.mark.slow
def test_all_experiments_are_listed_whatever_the_pages(client: Client, monkeypatch):
    submitted = [client.submit(SPEC).id for _ in range(7)]
    pages = ExperimentStore.page
    monkeypatch.setattr(ExperimentStore, "page", lambda self, **asked: pages(self, **asked | {"limit": 3}))
    assert [each.id for each in client.experiments()] == submitted[::-1]
    client.cancel(submitted[2])
    assert [each.id for each in client.experiments(status=Status.cancelled)] == [submitted[2]]


@pytest.mark.slow
def test_series_come_as_arrays_with_every_bit(desk: Desk, client: Client):
    trained = desk.trained(SPEC, {0: 6, 3: 4}).rpartition("/")[2]
    gradients = client.gradients(trained, parameter="all", statistic="std", seed=[3])
    history = measured(SPEC, 3, 0, 5)
    assert gradients["values"].tobytes() == history.series["gradients"][None, 1:, :, 2].tobytes()
    weights = client.weights(trained, parameter="all", statistic="l1", seed=3)["values"]
    assert weights.tobytes() == history.series["weights"][None, :, :, 0].tobytes()
    activations = client.activations(trained, statistic="pre_mean", seed=3)["values"]
    assert activations.tobytes() == history.series["activations"][None, :, :, 0].tobytes()
    assert client.signals(trained, seed=3)["values"].tobytes() == history.series["signals"][None, :, :, 0].tobytes()
    histograms = client.histograms(trained, parameter="all", of="weights", seed=3)
    assert histograms["counts"].tobytes() == history.series["weight_histograms"][None].tobytes()
    boundary = client.boundary(trained, seed=3, from_epoch=1)
    assert boundary["values"].tobytes() == history.series["boundary"][None, 1:].tobytes()
    samples, data = client.samples(trained), SPEC.dataset.load()
    assert samples["training"].tobytes() == data.train_x.tobytes()
    assert samples["validation_answers"].tolist() == data.val_y.tolist()
    with pytest.raises(Refused, match="its layers have none"):
        client.signal_steps(trained)
    assert client.history(trained)["lengths"].tolist() == [6, 4]
    assert client.file(trained, "history").startswith(b"seed,epoch,metric,value\n")


def test_a_submission_whose_answer_was_lost_is_sent_again_and_makes_one_experiment(client: Client, monkeypatch):
    send, lost = client._http.request, iter([True])

    def unreliable(method, path, **more):
        answer = send(method, path, **more)
        if next(lost, False):
            raise httpx2.ReadTimeout("lost")
        return answer

    monkeypatch.setattr(client._http, "request", unreliable)
    submitted = client.submit(SPEC)
    assert [each.id for each in client.experiments()] == [submitted.id]


@pytest.mark.slow
def test_waiting_tells_of_every_change_and_outlives_an_outage(desk: Desk, client: Client, monkeypatch):
    experiment, _ = desk.store.add(SPEC)
    claim = desk.store.claim(experiment.id, worker="one")
    assert claim
    revision, away = ExperimentStore.revision, iter([True, True])

    def sometimes(self, id):
        if next(away, False):
            raise Unavailable("The database does not answer.")
        return revision(self, id)

    steps = [
        lambda: monkeypatch.setattr(ExperimentStore, "revision", sometimes),
        lambda: desk.store.append(claim, a_chunk(SPEC, epochs=4)),
        lambda: None,
        lambda: desk.store.finish(claim, Status.completed),
    ]
    monkeypatch.setattr(watching.time, "sleep", lambda _: steps.pop(0)() if steps else None)
    seen = []
    finished = client.wait(experiment.id, progress=lambda each: seen.append((each.status, each.progress.epochs_done)))
    assert finished.status is Status.completed
    assert seen == [(Status.running, 0), (Status.running, 4), (Status.completed, 4)]


@pytest.mark.slow
def test_waiting_gives_up_when_patience_ends(client: Client, monkeypatch):
    submitted = client.submit(SPEC)

    def away(*_: object) -> int:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(ExperimentStore, "revision", away)
    monkeypatch.setattr(watching.time, "sleep", lambda _: None)
    with pytest.raises(Unreachable, match="The database does not answer"):
        client.wait(submitted.id, patience=0.05)


@pytest.mark.slow
def test_waiting_closes_its_stream_and_raises_the_errors_of_its_callback(client: Client, monkeypatch):
    cancelled = client.cancel(client.submit(SPEC).id)
    closed, counts = [], []

    def stream(_: object):
        try:
            yield cancelled
        finally:
            closed.append(True)

    monkeypatch.setattr(client, "_statuses", stream)
    client.wait(cancelled.id, progress=lambda _: counts.append(len(closed)))
    assert counts == [0, 1], "it is closed before the experiment is polled"
    errors = iter([Unreachable("another service is away")])

    def progress(_: object) -> None:
        for error in errors:
            raise error

    with pytest.raises(Unreachable, match="another service"):
        client.wait(cancelled.id, progress=progress)
    assert len(closed) == 2


def test_something_else_that_answers_is_not_taken_for_the_service(client: Client, monkeypatch):
    monkeypatch.setattr(client._http, "request", lambda *_, **__: httpx2.Response(404, text="nothing here"))
    with pytest.raises(Unreachable, match="not as this version of Gradient Lab does"):
        client.get("1")


def test_every_way_to_end_has_an_exit_status():
    statuses = {Status.completed: Exit.COMPLETED, Status.failed: Exit.FAILED, Status.cancelled: Exit.CANCELLED}
    assert statuses == OUTCOME
    assert [int(each) for each in Exit] == [0, 1, 2, 3, 4, 10, 11, 12, 13, 130]
    assert set(EXIT) == set(get_args(Outcome)), "of the doctor"


@pytest.mark.slow
def test_the_exit_statuses_are_in_the_help_of_every_command():
    commands = ("serve", "migrate", "submit", "show", "list", "cancel", "validate", "train", "demo")
    for command in commands:
        said = CliRunner().invoke(cli.app, [command, "--help"], env={"COLUMNS": "200"})
        assert said.exit_code == 0
        assert "Exit status: 0 completed" in said.output


@pytest.mark.parametrize(
    ("status", "code"), [(Status.completed, 0), (Status.failed, 1), (Status.cancelled, 3)], ids=str
)
def test_waiting_ends_with_the_outcome(desk: Desk, client: Client, gradlab, written, monkeypatch, status, code):
    def end(submitted, **_):
        claim = desk.store.claim(submitted, worker="one")
        assert claim
        desk.store.finish(claim, status, error="out of memory" if status is Status.failed else None)
        return client.get(submitted)

    monkeypatch.setattr(client, "wait", end)
    done = gradlab("submit", written, "--wait")
    assert done.exit_code == code
    assert str(status) in done.stdout
    assert ("out of memory" in done.stdout) == (status is Status.failed)


def test_what_is_submitted_without_waiting_is_printed_as_an_id_alone(client: Client, gradlab, written):
    done = gradlab("submit", written)
    assert (done.exit_code, done.stdout) == (0, f"{next(client.experiments()).id}\n")


@pytest.mark.slow
@pytest.mark.parametrize("epochs", [{0: 6, 3: 4}, {0: 6, 3: 0}], ids=["stopped", "not begun"])
def test_an_experiment_is_shown_with_metrics_and_gradients(desk: Desk, gradlab, epochs):
    trained = desk.trained(SPEC, {seed: count for seed, count in epochs.items() if count}).rpartition("/")[2]
    done = gradlab("show", trained, env={"COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    for seed, count in epochs.items():
        if count:
            assert f"{measured(SPEC, seed, 1, count).metrics[-1, 0]:.4f}" in done.stdout
    runs = [measured(SPEC, seed, 1, count).series for seed, count in epochs.items() if count]
    assert f"{np.median([series['gradients'][0, 0, 0] for series in runs]):.2e}" in done.stdout
    (states,) = [line for line in done.stdout.split("probe batch")[1].splitlines() if "dense_2" in line]
    names = SPEC.layout["activations"].columns
    columns = [names.index(each) for each in ("slope", "unit_correlation", "effective_rank", "dead_fraction")]
    last = [[series["signals"][-1, 1, 0], *series["activations"][-1, 1, columns]] for series in runs]
    shown = np.median(last, axis=0)
    assert re.findall(r"-?\d[\d.e-]*", states.replace("dense_2", "")) == [f"{value:.3g}" for value in shown]
    diverged = "seed 3: first left the finite numbers in batch 2 of epoch 4: 3 × inf in the gradient of dense_1, kernel"
    assert (diverged in " ".join(done.stdout.split())) == (epochs[3] == 4)


@pytest.mark.slow
def test_what_is_not_recorded_is_not_shown(desk: Desk, gradlab):
    trained = desk.trained(a_spec(epochs=6, record="nothing")).rpartition("/")[2]
    done = gradlab("show", trained, env={"COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    assert "val_loss" in done.stdout
    assert "dense" not in done.stdout


@pytest.mark.parametrize(
    ("culprit", "words"),
    [
        (
            Culprit(4, 2, "activation", "dense_7", "activation", "nan", 15),
            "batch 2 of epoch 4: 15 × nan in the activation of dense_7, activation",
        ),
        (Culprit(1, 1, "loss", None, None, "inf", 1), "batch 1 of epoch 1: 1 × inf in the loss"),
        (Culprit(9, 0, "metric", None, "val_loss", "-inf", 1), "the validation of epoch 9: 1 × -inf in the metric of"),
    ],
)
def test_what_broke_is_said_in_words(culprit: Culprit, words: str):
    assert words in in_words(culprit)


@pytest.mark.slow
def test_a_queued_and_an_exploded_experiment_can_be_shown(desk: Desk, gradlab, exploded):
    queued = gradlab("show", desk.submit().rpartition("/")[2])
    assert (queued.exit_code, "Nothing is measured yet" in queued.stdout) == (0, True)
    spec, history = exploded
    done = gradlab("show", desk.trained(spec, seed_0=history).rpartition("/")[2], env={"COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    assert "nan" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (("serve", "--port", "99999"), {}, "--port"),
        (("serve", "--host", "0.0.0.0"), {}, "GRADLAB_API_KEY"),
        (("migrate",), {"GRADLAB_PORT": "many"}, "GRADLAB_PORT"),
        (("migrate",), {"GRADLAB_DATABASE_URL": "mysql://lab:secret@db/lab"}, "GRADLAB_DATABASE_URL"),
        (("migrate",), {"GRADLAB_DATABASE_URL": "nonsense"}, "GRADLAB_DATABASE_URL"),
        (("train", "none.json"), {}, "none.json"),
        (("list", "--status", "asleep"), {}, "asleep"),
        (("submit",), {}, "spec"),
        (("fly",), {}, "fly"),
    ],
)
def test_wrong_usage_is_said_without_a_traceback(tmp_path, monkeypatch, arguments, environment, said):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli.app, arguments, env={"GRADLAB_API_KEY": None, "COLUMNS": "200", **environment})
    assert done.exit_code == 2, done.output
    assert said in done.stderr
    assert "Traceback" not in done.output
    assert "secret" not in done.output


@pytest.mark.slow
def test_an_experiment_is_exported_to_files(desk: Desk, gradlab, tmp_path):
    made = desk.trained(SPEC).rpartition("/")[2]
    logs, table, archive = tmp_path / "logs", tmp_path / "all.parquet", tmp_path / "all.npz"
    table.write_text("of last week")
    done = gradlab("export", made, "--tensorboard", str(logs), "--parquet", str(table), "--npz", str(archive))
    assert done.exit_code == Exit.COMPLETED, done.output
    assert f"tensorboard --logdir {logs}" in done.output
    assert sorted(file.parent.name for file in logs.glob(f"small-{made[:8]}/*/events.out.tfevents.*")) == [
        "seed_0",
        "seed_3",
    ]
    assert table.read_bytes() == desk.http.get(f"/experiments/{made}/series.parquet").content
    with np.load(archive, allow_pickle=False) as found:
        assert found["metrics_1"].tobytes() == measured(SPEC, 3, 0, 7).metrics.tobytes()


@pytest.mark.slow
def test_a_network_is_exported_to_a_file(desk: Desk, gradlab, tmp_path):
    made = desk.trained(SPEC).rpartition("/")[2]
    for asked, seed in (((), 0), (("--seed", "3", "--epoch", "6"), 3)):
        done = gradlab("export", made, "--model", str(tmp_path / "some.keras"), *asked)
        assert done.exit_code == Exit.COMPLETED, done.output
        sent = desk.http.get(f"/experiments/{made}/runs/{seed}/model.keras").content
        assert (tmp_path / "some.keras").read_bytes() == sent
    assert gradlab("export", made, "--model", str(tmp_path / "none.keras"), "--seed", "9").exit_code == Exit.INVALID
    without = gradlab("export", made, "--npz", str(tmp_path / "all.npz"), "--epoch", "0")
    assert without.exit_code == Exit.INVALID
    assert "say which network" in without.output


@pytest.mark.slow
def test_an_export_that_fails_leaves_what_was_there(desk: Desk, gradlab, tmp_path):
    table = tmp_path / "exports" / "all.parquet"
    table.parent.mkdir()
    table.write_text("of last week")
    done = gradlab("export", "00000000-0000-4000-8000-000000000000", "--parquet", str(table))
    assert done.exit_code == Exit.INVALID
    assert "There is no experiment" in done.output
    assert list(table.parent.iterdir()) == [table]
    assert table.read_text() == "of last week"
    made = desk.trained(SPEC).rpartition("/")[2]
    nowhere = gradlab("export", made, "--npz", str(tmp_path / "none" / "all.npz"))
    assert nowhere.exit_code == Exit.INVALID
    assert "a place that can be written to" in nowhere.output
    assert gradlab("export", made).exit_code == Exit.INVALID


@pytest.mark.slow
def test_a_data_frame_holds_a_number_a_row(desk: Desk, client: Client):
    made = desk.trained(SPEC).rpartition("/")[2]
    frame = client.frame(made, kind="gradients", seed=3)
    chosen = frame[
        (frame["statistic"] == "mean_abs") & (frame["layer"] == "dense_1") & (frame["parameter"] == "kernel")
    ]
    values = measured(SPEC, 3, 0, 7).series["gradients"][:, 0, SPEC.layout["gradients"].columns.index("mean_abs")]
    assert chosen["value"].to_numpy().tobytes() == values.tobytes()
    assert set(frame["seed"]) == {3}


def test_without_pandas_it_is_said_what_is_missing(desk: Desk, client: Client, monkeypatch):
    made = desk.trained(SPEC).rpartition("/")[2]
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ModuleNotFoundError, match="extra `notebook`"):
        client.frame(made)


@pytest.mark.slow
def test_answers_show_themselves_in_a_notebook(desk: Desk, client: Client):
    named = a_spec(epochs=6, seeds=(0, 3), name="<b>bold</b>")
    made = desk.trained(named, {0: 6, 3: 2}).rpartition("/")[2]
    shown = client.get(made)._repr_html_()
    assert "&lt;b&gt;bold&lt;/b&gt;: completed, 8 of 12 epochs" in shown
    assert "<b>bold</b>" not in shown
    assert "<td>3</td><td>2</td><td>nonfinite</td>" in shown
    final = client.get(made).runs[0].final_metrics
    assert final
    assert f"<td>{final['val_loss']:.4g}</td>" in shown
    assert "queued, 0 of 12 epochs" in client.submit(named)._repr_html_()
    assert "<td>dense_1</td><td>(2,)</td><td>(3,)</td><td>9</td>" in client.validate(named)._repr_html_()
    found = client.diagnosis(made)
    assert all(text in found._repr_html_() for text in (found.verdict, *(each.title for each in found.findings)))


def test_a_list_shows_whole_ids_however_long_the_names_are(client: Client, gradlab, monkeypatch):
    monkeypatch.setattr(actions.console, "_width", 100)
    submitted = client.submit(a_spec(name="a name " * 25))
    shown = gradlab("list")
    assert shown.exit_code == 0, shown.output
    assert str(submitted.id) in shown.output
