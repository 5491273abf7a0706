"""The embedded service as its users meet it: one command, one Ctrl-C, a documentation that needs nobody else."""

import json
import subprocess
from pathlib import Path

import httpx2
import numpy as np
import pytest

from gradlab.schemas.status import Status
from tests import programs
from tests.builders import a_spec
from tests.services import PATIENCE, Service

EXPLODING = a_spec(
    epochs=40,
    layers=2,
    model={
        "layers": [
            {
                "kind": "dense",
                "units": 5,
                "activation": "relu",
                "kernel_initializer": {"kind": "variance_scaling", "scale": 20_000.0, "mode": "fan_in"},
                "repeat": 5,
            },
            {"kind": "dense", "units": 1},
        ]
    },
    training={"loss": "mean_squared_error", "optimizer": {"kind": "sgd", "learning_rate": 10.0}, "epochs": 40},
)


def test_a_posted_experiment_is_trained_and_its_gradients_are_served(service: Service):
    spec = a_spec(epochs=20, seeds=(0, 1))
    finished = service.client.wait(service.client.submit(spec).id)
    assert (finished.status, finished.attempt, finished.compiled) == (Status.completed, 1, True)
    assert finished.versions.keys() >= {"python", "tensorflow", "keras", "numpy", "gradient-lab"}
    answer = httpx2.get(f"{service.client.url}/experiments/{finished.id}/gradients")
    assert "Server" not in answer.headers
    said = answer.json()
    assert said["epochs"] == list(range(1, 21))
    sent = np.array([[run["values"] for run in layer["runs"]] for layer in said["layers"]], np.float32)
    bits = service.client.gradients(finished.id)["values"]  # (seeds, epochs, layers)
    np.testing.assert_array_equal(sent.transpose(1, 2, 0), bits)
    assert (bits > 0).all()
    assert service.client.history(finished.id)["values"].shape == (2, 20, len(spec.layout.metrics))


def test_an_experiment_that_explodes_is_a_result_in_valid_json(service: Service):
    finished = service.client.wait(service.client.submit(EXPLODING).id)
    assert (finished.status, finished.stopped_by, finished.error) == (Status.completed, "nonfinite", None)
    assert finished.progress.epochs_done < finished.progress.epochs_total
    said = {}
    for series in ("", "/history?from_epoch=0", "/gradients?parameter=all&statistic=l2"):
        text = httpx2.get(f"{service.client.url}/experiments/{finished.id}{series}").text
        said[series] = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    (trained,) = finished.runs
    assert trained.culprit
    assert trained.culprit.epoch == finished.progress.epochs_done
    (run,) = said["/history?from_epoch=0"]["runs"]
    bits = service.client.history(finished.id, from_epoch=0)
    for metric, values in zip(bits["metrics"].tolist(), bits["values"][0].T, strict=True):
        assert [value is None for value in run["metrics"][metric]] == (~np.isfinite(values)).tolist()
        bad = np.flatnonzero(~np.isfinite(values))
        assert (run["first_nonfinite"][metric] or {}).get("epoch") == (bad[0] if len(bad) else None)
    assert run["first_nonfinite"]["val_loss"] == {"epoch": finished.progress.epochs_done, "kind": "inf"}


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_ten_megabytes_is_refused_before_it_is_read(service: Service, chunked: bool):
    def pieces():
        for _ in range(1000):
            yield b" " * 10_000

    body = pieces() if chunked else b" " * 10_000_000
    answer = httpx2.post(
        f"{service.client.url}/experiments", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert answer.json()["status"] == 413


def test_the_documentation_needs_nobody_else(service: Service, tmp_path: Path):
    events = tmp_path / "net.json"
    quiet = ["background-networking", "component-update", "sync", "gpu", "quic", "default-apps", "extensions"]
    page = subprocess.run(
        [
            programs.chromium(),
            "--headless",
            "--no-sandbox",
            "--no-first-run",
            *(f"--disable-{each}" for each in quiet),
            # Whatever the browser wants for itself finds no way out either.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--log-net-log={events}",
            "--virtual-time-budget=10000",
            "--dump-dom",
            f"{service.client.url}/docs",
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    ).stdout
    for path in httpx2.get(f"{service.client.url}/openapi.json").json()["paths"]:
        assert f'data-path="{path}"' in page
    assert "Failed to load" not in page
    asked = {
        event["params"]["url"]
        for event in json.loads(events.read_text())["events"]
        if event.get("params", {}).get("initiator") == service.client.url and "url" in event["params"]
    }
    assert {f"{service.client.url}/{name}" for name in ("openapi.json", "static/swagger-ui-bundle.js")} <= asked
    assert [url for url in asked if not url.startswith(service.client.url)] == []
