"""The `gradlab` command as it is typed: what it prints, and the exit status that scripts go by."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import httpx2
import numpy as np
import pytest
from typer.testing import CliRunner

from api.charts.views import VIEWS
from api.cli import demo
from gradlab.cli.main import app
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec
from tests.builders import a_spec
from tests.campaigns import one_in
from tests.servers import free_port, wait_until
from tests.services import PATIENCE, Service

SPEC = a_spec(epochs=8, seeds=(0, 1), name="typed")
NETWORKS = ("tutorial-1-one-tanh", "tutorial-2-deep-tanh", "tutorial-3-deep-relu")


def written(folder: Path, spec: ExperimentSpec | str) -> Path:
    """A spec in a file."""
    file = folder / "spec.json"
    file.write_text(spec if isinstance(spec, str) else spec.canonical())
    return file


def refused(done: "subprocess.CompletedProcess[str]", status: int, *said: str) -> None:
    """It ended with that status and said those things in a few lines on standard error."""
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    text = " ".join(done.stderr.split())
    assert [each for each in said if each not in text] == [], done.stderr


def test_submit_and_wait_ends_with_the_experiment_which_can_be_shown_and_listed(service: Service, tmp_path: Path):
    """Its spec comes from standard input, those of the tests below from files."""
    done = service.gradlab("submit", "-", "--wait", sent=SPEC.canonical())
    assert done.returncode == 0, done.stderr
    experiment_id, *_, outcome = done.stdout.split()
    assert outcome == "completed"
    assert service.client.get(experiment_id).status is Status.completed
    shown = service.gradlab("show", experiment_id, "--save", tmp_path / "charts")
    assert shown.returncode == 0, shown.stderr
    charts = {file.name for file in (tmp_path / "charts").iterdir() if b"</svg>" in file.read_bytes()}
    assert {"history.svg", "gradients.svg", "gradients-heatmap.svg", "signals-heatmap.svg", "data.svg"} <= charts
    assert charts == {f"{name}.svg" for name in service.client.charts(experiment_id)}
    assert "typed" in shown.stdout
    words = ("dense_1", "dense_2", "val_loss", "signal rms", "effective rank")
    assert [word for word in words if word not in shown.stdout] == []
    last = service.client.history(experiment_id)["values"][1, -1]
    assert f"{last[0]:.4f}" in shown.stdout
    listed = service.gradlab("list", "--status", "completed")
    assert listed.returncode == 0, listed.stderr
    row = next(line for line in listed.stdout.splitlines() if experiment_id in line)
    assert "16/16" in row


def test_validate_counts_and_queues_nothing(service: Service, tmp_path: Path):
    before = [each.id for each in service.client.experiments()]
    done = service.gradlab("validate", written(tmp_path, SPEC))
    assert done.returncode == 0, done.stderr
    # 2 × 3 weights and 3 biases; 3 weights and 1 bias.
    assert "13 parameters" in done.stdout
    assert [each.id for each in service.client.experiments()] == before


@pytest.mark.parametrize("command", one_in(3, ["train", "submit", "validate"]))
def test_an_invalid_spec_is_named_field_by_field(service: Service, tmp_path: Path, command: str):
    wrong = SPEC.model_dump(mode="json")
    wrong["training"]["epochs"] = -7
    file = tmp_path / "wrong.json"
    file.write_text(httpx2.Request("POST", "http://any", json=wrong).read().decode())
    refused(service.gradlab(command, file), 2, "training.epochs: expected", "received -7")


@pytest.mark.campaign  # in one process they are in tests/unit/test_first_commands.py
def test_a_file_that_is_missing_or_no_json_is_said_in_a_line(service: Service, tmp_path: Path):
    refused(service.gradlab("submit", tmp_path / "none.json"), 2, "none.json", "No such file")
    refused(service.gradlab("submit", written(tmp_path, "{")), 2, "expected", "received")


@pytest.mark.campaign  # likewise
@pytest.mark.parametrize("command", ["show", "cancel"])
def test_an_experiment_that_does_not_exist_is_said_in_a_line(service: Service, command: str):
    unknown = "00000000-0000-4000-8000-000000000000"
    refused(service.gradlab(command, unknown), 2, unknown)


@pytest.mark.parametrize("command", one_in(2, ["submit", "list"]))
def test_a_service_that_does_not_answer_has_an_exit_status_of_its_own(service: Service, tmp_path: Path, command: str):
    nowhere = f"http://127.0.0.1:{free_port()}"
    arguments = [written(tmp_path, SPEC)] if command == "submit" else []
    refused(service.gradlab(command, *arguments, GRADLAB_URL=nowhere), 4, nowhere)


def test_cancelling_ends_the_one_who_waits_with_3(service: Service, tmp_path: Path):
    file = written(tmp_path, a_spec(epochs=100_000, name="to be cancelled"))
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(service.gradlab, "submit", file, "--wait")

        def running() -> str | None:
            found = service.client.experiments(status=Status.running)
            return next((str(each.id) for each in found if each.name == "to be cancelled"), None)

        wait_until(running, seconds=PATIENCE)
        experiment_id = running()
        assert experiment_id
        assert service.gradlab("cancel", experiment_id).returncode == 0
        done = waiting.result(PATIENCE)
    assert done.returncode == 3, done.stderr
    assert done.stdout.split()[-1] == "cancelled"
    refused(service.gradlab("cancel", experiment_id), 2, "cancelled")


def test_training_without_a_service_measures_the_same_bits(service: Service, tmp_path: Path):
    saved = tmp_path / "series.npz"
    done = service.gradlab("train", written(tmp_path, SPEC), "--save", saved, GRADLAB_URL="http://127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    assert [word for word in ("val_accuracy", "median", "dense_1", "dense_2") if word not in done.stdout] == []
    experiment_id = service.client.wait(service.client.submit(SPEC).id).id
    with np.load(saved, allow_pickle=False) as archive:
        alone = dict(archive)
    assert alone["seeds"].tolist() == list(SPEC.seeds)
    for kind in ("gradients", "weights", "activations", "signals"):
        measured = np.stack([alone[f"{kind}_0"], alone[f"{kind}_1"]])  # (seeds, epochs, tensors, statistics)
        query = {"from_epoch": 0} | ({"parameter": "all"} if kind in ("gradients", "weights") else {})
        for i, statistic in enumerate(SPEC.layout[kind].columns):
            served = getattr(service.client, kind)(experiment_id, statistic=statistic, **query)
            assert served["values"].tobytes() == measured[..., i].tobytes()
            assert served["epochs"].tolist() == alone[f"epochs_{kind}_0"].tolist() == list(range(9))
    for of, kind in (("gradients", "gradient_histograms"), ("weights", "weight_histograms")):
        served = service.client.histograms(experiment_id, of=of, parameter="all")
        assert served["counts"].tobytes() == np.stack([alone[f"{kind}_0"], alone[f"{kind}_1"]]).tobytes()
        assert served["epochs"].tolist() == alone[f"epochs_{kind}_1"].tolist() == [0]
    metrics = np.stack([alone["metrics_0"], alone["metrics_1"]])
    assert service.client.history(experiment_id, from_epoch=0)["values"].tobytes() == metrics.tobytes()


@pytest.mark.campaign
def test_a_training_without_a_service_prints_its_diagnosis_though_its_series_cannot_be_saved(service, tmp_path: Path):
    done = service.gradlab("train", written(tmp_path, a_spec(epochs=2)), "--save", "/dev/full")
    refused(done, 2, "/dev/full: expected a place that can be written to")
    assert "dense_1" in done.stdout


def test_the_demo_trains_the_tutorials_networks_and_keeps_the_series(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """On a service that is there; that it starts one of its own is tested beside other stops."""
    monkeypatch.setattr(demo, "_service", lambda: nullcontext(service.client))
    output = tmp_path / "demo"
    done = CliRunner().invoke(app, ["demo", "--seeds", "1", "--output", str(output)])
    assert done.exit_code == 0, done.output
    assert [name for name in NETWORKS if name.removeprefix("tutorial-") not in done.output] == []
    assert "gradlab serve --demo" in done.output
    kept = {file.name for file in output.iterdir() if file.stat().st_size > 1000}
    assert kept == {
        f"{name}-{series}.{kind}"
        for name in NETWORKS
        for series in ("history", "gradients")
        for kind in ("json", "csv")
    } | {f"{name}-{chart.name}.svg" for name in NETWORKS for chart in VIEWS if chart.name != "signal-steps"}
