"""`docker compose up` on PostgreSQL, Redis and S3: samples, networks, checkpoints reach workers by the storage alone.

It needs an engine with Compose that answers `docker info`, and a quarter of an hour where the images are not built.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.doctored import DOCTORED
from core.blobs import MIN_BLOB_BYTES
from gradlab.cli.exits import Exit
from gradlab.client.connection import Refused
from gradlab.schemas.status import Status
from tests.builders import a_spec
from tests.campaign.composition import Composition, compose
from tests.servers import wait_until
from tests.services import GRADLAB

pytestmark = pytest.mark.campaign
PATIENCE = 300.0


@pytest.fixture(scope="module")
def composition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composition]:
    """Everything, running."""
    if compose() is None:
        pytest.skip("no Docker engine with Compose answers")
    made = Composition(tmp_path_factory.mktemp("composition"))
    try:
        made.start()
        yield made
    finally:
        made.remove()


def a_wide_spec(dataset: str, *, name: str, epochs: int) -> dict[str, Any]:
    """A network of 340 kB on uploaded circles."""
    wide = {"kind": "dense", "units": 280, "activation": "relu"}
    fields = a_spec(epochs=epochs, seeds=(0, 1), name=name).model_dump(mode="json", by_alias=True)
    fields["dataset"] = {"kind": "uploaded", "id": dataset, "target": "label", "task": "classes"}
    fields["model"] = {"layers": [wide, wide, {"kind": "dense", "units": 1, "activation": "sigmoid"}]}
    return fields


def test_two_files_end_with_a_proved_cure(composition: Composition, tmp_path: Path):
    network = DOCTORED[0]
    network.model(tmp_path / "model.keras")
    data = network.data(tmp_path)
    done = subprocess.run(
        [GRADLAB, "doctor", tmp_path / "model.keras", "--data", data, "--epochs", "300", *network.arguments],
        env=os.environ | {"GRADLAB_URL": composition.client.url, "COLUMNS": "150"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == Exit.CURED, done.stdout + done.stderr
    assert f"({network.root_causes[0]})" in done.stdout
    print(done.stdout[-300:])


def test_a_killed_worker_is_replaced_and_the_bits_are_the_same(composition: Composition, tmp_path: Path):
    client = composition.client
    dataset = client.add_dataset(DOCTORED[0].data(tmp_path)).id
    undisturbed = client.wait(client.submit(a_wide_spec(dataset, name="undisturbed", epochs=400)).id)
    assert undisturbed.status is Status.completed
    disturbed = client.submit(a_wide_spec(dataset, name="disturbed", epochs=400)).id
    wait_until(lambda: client.get(disturbed).progress.epochs_done > 0, seconds=PATIENCE)
    composition.run("kill", "-s", "KILL", "worker")
    claimed = client.get(disturbed)
    assert claimed.status is Status.running, "it ended before its worker was killed"
    checkpoints = [size for size in composition.objects().values() if size > MIN_BLOB_BYTES]
    assert checkpoints
    composition.run("rm", "--force", "worker")  # the next one is another host
    composition.run("up", "--detach", "worker")
    ended = client.wait(disturbed)
    assert ended.status is Status.completed
    assert (ended.attempt, ended.worker != claimed.worker) == (2, True)
    for series, query in (("history", {}), ("gradients", {"parameter": "all"})):
        one, other = (getattr(client, series)(each, **query)["values"] for each in (undisturbed.id, disturbed))
        assert np.array_equal(one.view(np.uint32), other.view(np.uint32)), series


def test_large_bytes_are_in_the_storage_and_nowhere_else_and_go_with_their_rows(
    composition: Composition, tmp_path: Path
):
    client, before = composition.client, composition.objects()
    data = tmp_path / "more.csv"
    data.write_text(DOCTORED[0].data(tmp_path).read_text().replace("x1", "first", 1))
    dataset = client.add_dataset(data)
    experiment = client.wait(client.submit(a_wide_spec(dataset.id, name="large", epochs=3)).id).id
    with (tmp_path / "network.keras").open("wb") as file:
        client.export(experiment, "runs/0/model.keras", file)
    assert (tmp_path / "network.keras").stat().st_size > MIN_BLOB_BYTES
    own = {each: size for each, size in composition.objects().items() if each not in before}
    assert sum(size > MIN_BLOB_BYTES for size in own.values()) >= 2  # the networks of two seeds
    assert composition.files("api", "/blobs") == composition.files("worker", "/blobs") == []
    with pytest.raises(Refused) as refused:
        client.delete_dataset(dataset.id)
    assert refused.value.problem.status == 409
    client.delete(experiment)
    client.delete_dataset(dataset.id)
    assert composition.collected() >= 2
    assert own.keys().isdisjoint(composition.objects())


def test_a_stopping_worker_gives_its_experiment_to_another(composition: Composition, tmp_path: Path):
    client = composition.client
    dataset = client.add_dataset(DOCTORED[0].data(tmp_path)).id
    experiment = client.submit(a_wide_spec(dataset, name="given back", epochs=401)).id
    composition.run("up", "--detach", "--scale", "worker=2", "--no-recreate")
    wait_until(lambda: client.get(experiment).progress.epochs_done > 0, seconds=PATIENCE)
    composition.run("restart", "worker")
    ended = client.wait(experiment)
    assert ended.status is Status.completed
    assert ended.progress.epochs_done == ended.progress.epochs_total
