"""A process that is killed whenever it trains something large, as the kernel kills where memory is short."""

import os
import signal
import time
from contextlib import suppress

import pytest

from gradlab.schemas.status import Status
from tests.builders import a_large_spec, a_spec
from tests.services import Service

LIMIT_BYTES = 1_100_000_000
SECONDS = 280.0


def trainer(service: Service, experiment_id: object) -> int | None:
    """The process that trains an experiment."""
    found = service.client.get(experiment_id)
    return int(found.worker.rpartition(":")[2]) if found.status is Status.running and found.worker else None


def size(pid: int) -> int:
    """Its resident size in bytes."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


@pytest.mark.campaign
def test_it_is_tried_once_more_and_fails_with_what_would_help_and_others_are_trained(a_service):
    service = a_service()
    worker = service.worker()
    large, small = (service.client.submit(each).id for each in (a_large_spec(), a_spec(epochs=3, name="small")))
    kills, begun, ended = 0, time.monotonic(), False
    while not ended:
        assert time.monotonic() - begun < SECONDS
        pid = trainer(service, large)
        if pid and size(pid) > LIMIT_BYTES:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                kills += 1
            while trainer(service, large) == pid:  # until its death is known
                assert time.monotonic() - begun < SECONDS
                time.sleep(0.1)
        ended = service.client.get(large).status.is_finished
        time.sleep(0.1)
    failed = service.client.get(large)
    assert (failed.status, failed.attempt, kills) == (Status.failed, 2, 2)
    assert failed.error is not None
    assert failed.error.startswith("It was tried once more, alone, and this happened again. Attempt 2 was killed")
    assert "most likely for memory. It held 1," in failed.error
    assert "fewer samples (now 20,000)" in failed.error
    assert service.client.wait(small).status is Status.completed
    assert service.worker() == worker
