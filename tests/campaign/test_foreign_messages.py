"""A broker that holds what is no message: a worker puts it aside and goes on."""

import json
import os
from pathlib import Path
from uuid import uuid4

import pytest
import redis

from core.queue import QUEUE
from core.queue.redis import REJECTED
from core.use_cases import experiments
from gradlab.schemas.status import Status
from tests.builders import a_spec
from tests.servers import Redis, wait_until
from tests.workers import Lab

UNREADABLE = {
    "empty": b"",
    "cut off": b'{"body": "',
    "a list": b"[]",
    "an object": b"{}",
    "binary": os.urandom(200) + b"\xff",
    "nested": b"[" * 20_000,
    "kombu's own types": b'{"__type__": [], "__value__": 1}',
    "another program's": json.dumps({"body": "e30=", "headers": {"task": "x", "id": "1"}, "properties": {}}).encode(),
}


class FolderBroker:
    """The embedded broker, as another program sees it."""

    def __init__(self, lab: Lab) -> None:
        self._folder = lab.settings.broker_dir

    def put(self, name: str, content: bytes) -> None:
        """Leave something where workers read."""
        (self._folder / "messages" / f"0_{name}.{QUEUE}.msg").write_bytes(content)

    def rejected(self) -> int:
        """The number of things that were put aside."""
        folder = self._folder / "rejected"
        return len(list(folder.iterdir())) if folder.exists() else 0


class RedisBroker:
    """Redis, as another program sees it."""

    def __init__(self, lab: Lab) -> None:
        self._client = redis.Redis.from_url(lab.settings.broker)

    def put(self, name: str, content: bytes) -> None:
        """Leave something where workers read."""
        self._client.lpush(QUEUE, content)

    def rejected(self) -> int:
        """The number of things that were put aside."""
        return int(self._client.llen(REJECTED))


@pytest.mark.campaign
def test_a_worker_outlives_what_is_no_message(lab: Lab):
    broker = FolderBroker(lab) if lab.settings.broker.startswith("filesystem") else RedisBroker(lab)
    worker = lab.start_worker()
    worker.wait_ready()
    for name, content in UNREADABLE.items():
        broker.put(name.replace(" ", "_"), content)
    lab.queue.publish(uuid4())  # of an experiment that nobody has submitted
    wait_until(lambda: broker.rejected() == len(UNREADABLE))
    experiment, _ = experiments.submit(a_spec(epochs=2), store=lab.store, queue=lab.queue, settings=lab.settings)
    lab.wait_for(experiment.id, Status.completed)
    assert worker.log.read_text().count("message_rejected") == len(UNREADABLE)
    assert "Unrecoverable" not in worker.log.read_text()
    assert worker.terminate() == 0


@pytest.mark.campaign
def test_a_worker_outlives_a_redis_that_refuses_and_what_others_left_unacknowledged(
    redis_server: Redis, tmp_path: Path, compiled: Path
):
    redis_server.empty()
    lab = Lab(tmp_path, compiled, BROKER_URL=redis_server.url)
    client = redis.Redis.from_url(redis_server.url)
    try:
        worker = lab.start_worker()
        worker.wait_ready()
        client.set(QUEUE, "a text where a list should be")
        worker.wait_for("ResponseError")
        client.delete(QUEUE)
        client.hset(f"{QUEUE}.unacked_key", "foreign", b"\xff\x00")
        client.zadd(f"{QUEUE}.unacked_index_key", {"foreign": 1})
        wait_until(lambda: client.llen(REJECTED) == 1)
        experiment, _ = experiments.submit(a_spec(epochs=2), store=lab.store, queue=lab.queue, settings=lab.settings)
        lab.wait_for(experiment.id, Status.completed)
        assert not client.hexists(f"{QUEUE}.unacked_key", "foreign")
        assert worker.terminate() == 0
    finally:
        lab.close()
        client.close()
