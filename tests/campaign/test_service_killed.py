"""SIGKILL of `gradlab serve`: its worker's processes end by themselves, and another service goes on."""

import signal

import pytest

from gradlab.schemas.status import Status
from tests.builders import a_spec
from tests.servers import DEADLINE, wait_until
from tests.services import PATIENCE, Service, living

# A worker that is stopped by itself gets this long for the chunk at hand, and is looked at twice a second.
GRACE_SECONDS = 30.0


def killed(service: Service) -> set[int]:
    """Kill a service as the kernel would; the processes it had."""
    family = service.family()
    service.kill()
    return family


@pytest.mark.campaign
def test_killed_in_training_nothing_is_left_and_the_next_service_goes_on(a_service):
    service = a_service()
    it = service.client.submit(a_spec(epochs=40_000, seeds=(0, 1), layers=6)).id
    families: set[int] = set()
    for _ in range(2):
        done = service.client.get(it).progress.epochs_done
        wait_until(lambda before=done: service.client.get(it).progress.epochs_done > before, seconds=PATIENCE)
        families |= killed(service)
        service.start()
    wait_until(lambda: not living(families), seconds=GRACE_SECONDS + 10)
    assert service.client.get(it).attempt >= 2
    service.client.cancel(it)
    assert service.client.wait(it).status is Status.cancelled
    last = service.family()
    assert service.stop(signal.SIGTERM) == 0
    wait_until(lambda: not living(last | families), seconds=DEADLINE)
