"""A service that loses its worker, is stopped and is started: no process stays behind, and its experiment goes on."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.cli import demo
from gradlab.schemas.status import Status
from tests.acceptance.test_stream import epochs_of
from tests.builders import a_spec
from tests.campaigns import one_in
from tests.servers import wait_until
from tests.services import PATIENCE, Service, child_of, descendants, living

# Some seconds of training, in chunks of half a second: a stop or a kill that follows the first epochs is in time.
LONG = a_spec(
    epochs=16_000, layers=3, units=5, dataset={"kind": "circles", "samples": 4096, "noise": 0.1, "train_size": 2048}
)
# A worker that is stopped by itself gets this long for the chunk at hand, and is looked at twice a second.
GRACE_SECONDS = 30.0


def in_training(service: Service, submitted: object, after: int = 0) -> bool:
    """True if more epochs are done than `after`, and not all."""
    seen = service.client.get(submitted)
    assert seen.status in (Status.queued, Status.running)
    return seen.progress.epochs_done > after


@pytest.mark.timeout(420)
@pytest.mark.parametrize("how", one_in(2, [signal.SIGTERM, signal.SIGINT]))
def test_one_service_of_an_eventful_life(a_service: Callable[..., Service], how: signal.Signals):
    """One service for many events, told in order, as each start of a service takes seconds."""
    service = a_service(LEASE="PT4S", CHECKPOINT_EVERY="PT1S", MAX_ATTEMPTS="10")
    submitted = service.client.submit(LONG).id
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(service.client.wait, submitted, patience=PATIENCE)
        # A stream that takes what comes, and one that takes nothing at all.
        listening = pool.submit(lambda: list(service.client.events(submitted)))
        idle = service.client._http.stream("GET", f"/experiments/{submitted}/events")
        idle.__enter__()
        wait_until(lambda: in_training(service, submitted), seconds=PATIENCE)

        # A worker that is killed leaves no children and is replaced.
        killed = service.worker()
        assert killed
        orphans = service.family() - {service.pid}
        assert len(orphans) >= 2
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: not living(orphans), seconds=GRACE_SECONDS)
        done = service.client.get(submitted).progress.epochs_done  # by the first attempt: nobody stores more of it now
        wait_until(lambda: service.worker() not in (None, killed), seconds=PATIENCE)
        assert "starting another" in service.log.read_text()
        wait_until(lambda: in_training(service, submitted, after=done), seconds=PATIENCE)

        # A stop ends streams at once, and leaves no process behind.
        family = service.family()
        begun = time.monotonic()
        assert service.stop(how) == 0
        assert time.monotonic() - begun < 20  # the worker ends its chunk; no stream waits for its five seconds
        heard = listening.result(5)
        assert "graceful shutdown exceeded" not in service.log.read_text()
        assert living(family) == set()

        # The next service goes on.
        service.start()
        finished = waiting.result(PATIENCE)
    assert finished.status is Status.completed
    assert finished.attempt >= 3
    assert "was lost" in str(finished.error)
    assert service.client.gradients(submitted)["values"].shape == (1, LONG.epochs, 3)
    epochs = epochs_of([*heard, *service.client.events(submitted, last_id=heard[-1].id)], LONG.seeds[0])
    assert epochs == list(range(LONG.epochs + 1))

    # Its worker's processes end with a service that is killed.
    family = service.family()
    service.kill()
    wait_until(lambda: not living(family), seconds=GRACE_SECONDS)


def test_the_demonstration_has_a_service_of_its_own_and_leaves_no_process_behind():
    """A stop right after the start."""
    with demo._service() as client:
        started = child_of(os.getpid(), "-m gradlab.cli serve")
        assert started
        family = descendants(started)
        assert client.is_alive()
        client.close()
    assert len(family) >= 2  # its worker
    assert living(family) == set()


@pytest.mark.campaign  # the demonstration's service is stopped soon after its start, too
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_right_after_the_start_leaves_no_process_behind(a_service: Callable[..., Service], how: signal.Signals):
    service = a_service()
    family = service.family()
    assert service.stop(how) == 0
    assert living(family) == set()
