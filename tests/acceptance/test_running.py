"""Experiments from submission to deletion through a real service, and their series in each of the three formats."""

import csv
import io
import json

import httpx2
import numpy as np
import pytest

from gradlab.client.client import Refused
from gradlab.schemas.media_types import CSV
from gradlab.schemas.status import Status
from tests.builders import a_spec
from tests.servers import wait_until
from tests.services import PATIENCE, Service

ENDLESS = a_spec(epochs=100_000, name="endless")


def test_a_post_is_accepted_with_an_address_and_json_csv_and_npz_agree(service: Service):
    spec = a_spec(epochs=6, seeds=(4, 2), layers=3)
    posted = httpx2.post(
        f"{service.client.url}/experiments",
        content=spec.canonical(),
        headers={"Content-Type": "application/json"},
    )
    assert posted.status_code == 202
    experiment_id = posted.json()["id"]
    assert posted.headers["Location"].endswith(f"/experiments/{experiment_id}")
    finished = service.client.wait(experiment_id)
    assert finished.status is Status.completed

    bits = service.client.gradients(experiment_id, parameter="all")
    said = httpx2.get(f"{service.client.url}/experiments/{experiment_id}/gradients?parameter=all").json()
    names = [(tensor.layer, tensor.parameter) for tensor in spec.layout["gradients"].tensors]
    assert [(each["layer"], each["parameter"]) for each in said["layers"]] == names
    assert list(zip(bits["layers"].tolist(), bits["parameters"].tolist(), strict=True)) == names
    assert [run["seed"] for run in said["layers"][0]["runs"]] == bits["seeds"].tolist() == [4, 2]
    as_json = np.array([[run["values"] for run in each["runs"]] for each in said["layers"]], np.float32)
    np.testing.assert_array_equal(as_json.transpose(1, 2, 0), bits["values"])
    text = service.client.file(experiment_id, "gradients", CSV, parameter="all").decode()
    as_csv = np.array([row["value"] for row in csv.DictReader(io.StringIO(text))], np.float32)
    np.testing.assert_array_equal(as_csv.reshape(bits["values"].shape), bits["values"])

    history = service.client.history(experiment_id)
    runs = httpx2.get(f"{service.client.url}/experiments/{experiment_id}/history").json()["runs"]
    for i, (run, answered) in enumerate(zip(finished.runs, runs, strict=True)):
        last = dict(zip(history["metrics"].tolist(), history["values"][i, -1].tolist(), strict=True))
        assert run.final_metrics == last
        for m, name in enumerate(history["metrics"].tolist()):
            np.testing.assert_array_equal(np.array(answered["metrics"][name], np.float32), history["values"][i, :, m])
    table = list(csv.DictReader(io.StringIO(service.client.file(experiment_id, "history", CSV).decode())))
    as_csv = np.array([row["value"] for row in table], np.float32)
    np.testing.assert_array_equal(as_csv.reshape(history["values"].shape), history["values"])


def test_what_is_known_before_training_and_after_each_epoch_is_served(service: Service):
    spec = a_spec(epochs=12, seeds=(0, 1), layers=3)
    experiment_id = service.client.wait(service.client.submit(spec).id).id
    l2 = service.client.weights(experiment_id)
    assert (l2["epochs"].tolist(), l2["layers"].tolist()) == (list(range(13)), ["dense_1", "dense_2", "dense_3"])
    assert (l2["values"] > 0).all()
    ratio = service.client.weights(experiment_id, statistic="update_ratio")["values"]
    assert (ratio[:, 0] == 0).all(), "nothing has moved before the first update"
    assert (ratio[:, 1:] > 0).all()
    slope = service.client.activations(experiment_id, statistic="slope", layer="dense_1")["values"]
    assert ((slope >= 0) & (slope <= 1)).all(), "of a relu"
    assert (service.client.signals(experiment_id)["values"] > 0).all()
    histograms = service.client.histograms(experiment_id, of="weights", parameter="all")
    assert histograms["epochs"].tolist() == [0, 10]
    entries = [np.prod(tensor.shape) for tensor in spec.layout["weights"].tensors]
    assert (histograms["counts"].sum(axis=-1) == entries).all()
    untrained = service.client.history(experiment_id, from_epoch=0, to_epoch=0)["values"]
    assert np.isfinite(untrained[..., :4]).all()
    with pytest.raises(Refused, match="its layers have none"):
        service.client.signal_steps(experiment_id)


def started(service: Service) -> str:
    """An experiment that would train for long, and has measured something."""
    experiment_id = str(service.client.submit(ENDLESS).id)
    wait_until(lambda: service.client.get(experiment_id).progress.epochs_done > 0, seconds=PATIENCE)
    assert service.client.get(experiment_id).status is Status.running
    return experiment_id


def test_a_cancelled_experiment_stops_and_keeps_what_was_measured(service: Service):
    experiment_id = started(service)
    service.client.cancel(experiment_id)
    finished = service.client.wait(experiment_id)
    assert finished.status is Status.cancelled
    assert 0 < finished.progress.epochs_done < finished.progress.epochs_total
    said = json.loads(httpx2.get(f"{service.client.url}/experiments/{experiment_id}/gradients").text)
    assert said["epochs"] == list(range(1, finished.progress.epochs_done + 1))
    assert {len(run["values"]) for each in said["layers"] for run in each["runs"]} == {finished.progress.epochs_done}
    assert np.isfinite(service.client.history(experiment_id)["values"]).all()


def test_an_experiment_deleted_in_training_is_gone_and_the_worker_serves_the_next(service: Service):
    experiment_id, worker = started(service), service.worker()
    service.client.delete(experiment_id)
    with pytest.raises(Refused) as refusal:
        service.client.get(experiment_id)
    assert refusal.value.problem.status == 404
    following = service.client.wait(service.client.submit(a_spec(epochs=3)).id)
    assert (following.status, following.attempt) == (Status.completed, 1)
    assert service.worker() == worker
    for series in ("", "/history", "/gradients", "/weights", "/histograms"):
        assert httpx2.get(f"{service.client.url}/experiments/{experiment_id}{series}").status_code == 404
