"""Services that are stopped or lose their worker: no process stays behind, and every experiment goes on."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from gradlab.schemas.status import Status
from tests.acceptance.conftest import PATIENCE, Service, living
from tests.acceptance.test_stream import epochs_of
from tests.builders import a_spec
from tests.campaigns import one_in
from tests.servers import wait_until

# Some seconds of training, in chunks of half a second: a stop or a kill that follows the first epochs is in time.
LONG = a_spec(epochs=8_000, layers=3, units=5)


def in_training(service: Service, submitted: object) -> bool:
    """True if some epochs are done, and not all."""
    seen = service.client.get(submitted)
    assert seen.status in (Status.queued, Status.running)
    return seen.progress.epochs_done > 0


@pytest.mark.timeout(420)
@pytest.mark.parametrize("how", one_in(2, [signal.SIGTERM, signal.SIGINT]))
def test_a_stop_ends_streams_leaves_no_process_behind_and_a_start_goes_on(
    a_service: Callable[..., Service], how: signal.Signals
):
    service = a_service()
    submitted = service.client.submit(LONG).id
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(service.client.wait, submitted, patience=PATIENCE)
        # A stream that takes what comes, and one that takes nothing at all.
        listening = pool.submit(lambda: list(service.client.events(submitted)))
        idle = service.client._http.stream("GET", f"/experiments/{submitted}/events")
        idle.__enter__()
        wait_until(lambda: in_training(service, submitted), seconds=PATIENCE)
        family = service.family()
        assert len(family) >= 3
        begun = time.monotonic()
        assert service.stop(how) == 0
        assert time.monotonic() - begun < 20  # the worker ends its chunk; no stream waits for its five seconds
        heard = listening.result(5)
        assert "graceful shutdown exceeded" not in service.log.read_text()
        assert living(family) == set()
        service.start()
        finished = waiting.result(PATIENCE)
    assert (finished.status, finished.attempt) == (Status.completed, 2)
    assert finished.error is None
    assert service.client.gradients(submitted)["values"].shape == (1, LONG.epochs, 3)
    epochs = epochs_of([*heard, *service.client.events(submitted, last_id=heard[-1].id)], LONG.seeds[0])
    assert epochs == list(range(LONG.epochs + 1))


@pytest.mark.parametrize("how", one_in(3, [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]))
def test_a_stop_right_after_the_start_leaves_no_process_behind(a_service: Callable[..., Service], how: signal.Signals):
    service = a_service()
    family = service.family()
    assert service.stop(how) == 0
    assert living(family) == set()


@pytest.mark.timeout(420)
def test_a_worker_that_is_killed_is_replaced_and_its_experiment_completed(a_service: Callable[..., Service]):
    service = a_service(LEASE="PT3S", CHECKPOINT_EVERY="PT1S")
    submitted = service.client.submit(LONG).id
    wait_until(lambda: in_training(service, submitted), seconds=PATIENCE)
    killed = service.worker()
    assert killed
    orphans = service.family()
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: service.worker() not in (None, killed), seconds=PATIENCE)
    finished = service.client.wait(submitted)
    assert finished.status is Status.completed
    assert finished.attempt >= 2
    assert "starting another" in service.log.read_text()
    family = service.family()
    assert service.stop() == 0
    assert living(family | orphans) == set()
