"""SIGKILL at random to service, worker and child, and a broker that is emptied: every experiment completes, once, with
the numbers of an undisturbed one."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from uuid import UUID

import numpy as np
import pytest

from gradlab.client.client import Unreachable
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec
from tests.builders import a_spec
from tests.services import PATIENCE, Service

KILLS, SEED = 20, 1
VICTIMS = ("service", "worker", "child", "messages")
WEIGHTS = (3, 3, 4, 1)
EPOCHS, TOGETHER = 3_000, 2
SECONDS = 900.0


def spec(number: int) -> ExperimentSpec:
    """Small, long enough to be struck, each with seeds of its own."""
    return a_spec(name=f"struck {number}", epochs=EPOCHS, seeds=(2 * number, 2 * number + 1), layers=3)


def strike(service: Service, victim: str, chance: random.Random) -> bool:
    """Kill one of a kind; says whether there was one."""
    if victim == "messages":
        for each in (service.data / "broker" / "messages").glob("*"):
            each.unlink(missing_ok=True)
        return True
    if victim == "service":
        service.kill()
        time.sleep(chance.uniform(0, 2))
        service.start()
        return True
    worker = service.worker()
    found = [worker] if victim == "worker" else sorted(service.family() - {service.pid, worker})
    pids = [pid for pid in found if pid]
    for pid in pids[-1:]:  # the newest child: the other keeps Celery's semaphores
        os.kill(pid, signal.SIGKILL)
    return bool(pids)


def insisting(service: Service, number: int) -> UUID:
    """Submit until it is taken in; an answer that got lost makes no second one."""
    for _ in range(400):
        try:
            return service.client.submit(spec(number), idempotency_key=f"struck-{number}").id
        except Unreachable:
            time.sleep(0.5)
    raise AssertionError("the service does not come back")


def completed(service: Service, ids: list[UUID]) -> Iterator[dict[str, np.ndarray]]:
    """Wait for all; what was measured of each."""
    for each in ids:
        finished = service.client.wait(each)
        assert finished.status is Status.completed, finished.error
        assert [run.epochs_done for run in finished.runs] == [EPOCHS] * 2
        history, gradients = service.client.history(each), service.client.gradients(each, parameter="all")
        yield {"epochs": history["epochs"], "metrics": history["values"], "gradients": gradients["values"]}


@pytest.mark.campaign
@pytest.mark.timeout(SECONDS)
def test_twenty_strikes_lose_nothing(a_service):
    service, chance, struck = (
        a_service(LEASE="PT10S", CHECKPOINT_EVERY="PT1S", MAX_ATTEMPTS="60"),
        random.Random(SEED),
        Counter(),
    )
    ids = [insisting(service, number) for number in range(TOGETHER)]
    begun = time.monotonic()
    while service.client.get(ids[0]).progress.epochs_done == 0:
        assert time.monotonic() - begun < PATIENCE
        time.sleep(0.5)
    while struck.total() < KILLS:
        time.sleep(chance.uniform(2, 8))
        victim = chance.choices(VICTIMS, WEIGHTS)[0]
        struck[victim] += strike(service, victim, chance)
        ids.append(insisting(service, len(ids))) if len(ids) < struck.total() // 2 + TOGETHER else None
    disturbed = list(completed(service, ids))
    again = [service.client.submit(spec(number)).id for number in range(len(ids))]
    for one, other in zip(disturbed, completed(service, again), strict=True):
        for name, values in one.items():
            np.testing.assert_array_equal(values, other[name])
    print(dict(struck), len(ids))
