"""Records: the records of a training from their ends on, until the recorder has them."""

from collections.abc import Callable, Mapping
from typing import Any

from gradlab.keras.course import Course
from gradlab.keras.messages import RECORDS, WIRING
from gradlab.keras.pending import Kept
from gradlab.keras.session import Session
from gradlab.keras.wiring import WiringReader
from gradlab.watch import Recorder
from gradlab.watch.pending import PendingRecords


class Records(PendingRecords[Kept]):
    """Records that are measured several at a time, and then given to the recorder.

    Args:
        session: what is measured.
        course: how far the training is.
        recorder: gets the records.
        attempt: runs an action of a part; if it raises, warns once and returns None from then on.

    Attributes:
        wiring: reads how the training is put together; None where that is unknown.
    """

    def __init__(self, session: Session, course: Course, recorder: Recorder, attempt: Callable[..., Any]) -> None:
        super().__init__(recorder, attempt, RECORDS)
        self._session, self._course = session, course
        self.wiring: WiringReader | None = None

    def add_with(self, kept: Kept, metrics: Mapping[str, float]) -> None:
        """Add a record with its metrics, and measure the records that are due."""
        kept.metrics, kept.batches = dict(metrics), self._course.batches
        self.add(kept)

    def _measure(self, pending: list[Kept]) -> None:
        for each in self._session.measured(pending):
            self._recorder.record(each.kept.number, each.metrics, each.series)
            if self.wiring is not None and each.readings is not None:
                self._attempt(WIRING, self.wiring.add_record, each.readings, each.kept.weights)
        if self.wiring is not None:
            self._attempt(WIRING, self._send_wiring, self.wiring, pending[-1].batches)

    def _send_wiring(self, wiring: WiringReader, batches: int) -> None:
        self._session.observes_moves = wiring.observes_moves
        if wiring.is_due:
            self._recorder.wiring(wiring.read(self._course.first_losses, batches))
