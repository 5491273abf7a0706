"""The checker: a thread of the API that has uploaded datasets read, profiled, and made ready or refused.

It collects blobs as well: a machine without a worker may have a storage, and has copies, of its own.
"""

import shutil
import threading
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog

from core.blobs import BlobStore
from core.samples.parser import Parser
from core.store import ExperimentStore
from core.use_cases import datasets
from core.use_cases.collecting import Collector
from gradlab.errors import Unavailable

log = structlog.get_logger()

# Age of a folder that a checker that died has left.
LEFT_SECONDS = 3600.0


class Checker:
    """Checks datasets one after another: those of this process at once, those that others have left every so often.

    Args:
        store: the store of datasets.
        blobs: the store of their bytes.
        parser: reads files in a child process.
        folder: has room for tables before they are blobs.
        is_shared: True if all APIs have one storage.
        every: interval at which it looks for datasets whose checker has died.
    """

    def __init__(
        self,
        store: ExperimentStore,
        blobs: BlobStore,
        parser: Parser,
        *,
        folder: Path,
        is_shared: bool,
        every: timedelta,
    ) -> None:
        self._store, self._blobs, self._folder, self._every = store, blobs, folder, every.total_seconds()
        self._is_shared = is_shared
        self.parser, self._collector = parser, Collector(store, blobs)
        self._due, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="checker")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def notice(self) -> None:
        """Check what is due now."""
        self._due.set()

    def close(self) -> None:
        """End the thread and the child. A check in progress is given back, for the next start of the service."""
        self._over.set()
        self._due.set()
        self.parser.close()
        self._thread.join()

    def _run(self) -> None:
        _delete_left(self._folder)
        while not self._over.is_set():
            self._due.clear()
            try:
                for each in datasets.due(store=self._store, blobs=self._blobs, is_shared=self._is_shared):
                    if self._over.is_set():
                        return
                    self._check(each)
                self._collector.collect_if_due()
            except Unavailable as away:
                log.debug("checks_wait", reason=str(away))  # /readyz reports it
            except Exception:
                log.exception("checks_failed")
            self._due.wait(self._every)

    def _check(self, id: str) -> None:
        try:
            datasets.check(id, store=self._store, blobs=self._blobs, parser=self.parser, folder=self._folder)
        except Unavailable as away:
            log.warning("check_failed", dataset=id, reason=str(away))
        except Exception:
            if not self._over.is_set():
                log.exception("check_failed", dataset=id)


def _delete_left(folder: Path) -> None:
    """Delete what checkers that died have left of tables."""
    with suppress(OSError):
        for each in folder.glob(f"{datasets.SCRATCH}*"):
            if each.stat().st_mtime < time.time() - LEFT_SECONDS:
                shutil.rmtree(each, ignore_errors=True)
