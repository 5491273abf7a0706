"""Records: the records of a training from their ends on, until the recorder has them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from gradlab.torch.messages import RECORDS
from gradlab.torch.pending import Kept, fetch
from gradlab.torch.session import Session
from gradlab.torch.wiring import TensorCounts, wiring_of
from gradlab.watch import Recorder
from gradlab.watch.pending import PendingRecords


class Records(PendingRecords[Kept]):
    """Records that are measured several at a time, and then given to the recorder.

    Args:
        session: what is measured.
        counts: the counts of each tensor over the records.
        recorder: gets the records.
        loss: the training's loss.
        attempt: runs a function of a part, and keeps its errors from the training.
        steps: returns the steps of the optimisers so far.

    Attributes:
        fixed: fields of the wiring that do not change.
        commonest: the share of the commonest class in all training samples; None if it is unknown.
    """

    def __init__(
        self,
        session: Session,
        counts: TensorCounts,
        recorder: Recorder,
        loss: Any,
        *,
        attempt: Callable[..., Any],
        steps: Callable[[], int],
    ) -> None:
        super().__init__(recorder, attempt, RECORDS)
        self._session, self._counts = session, counts
        self._loss, self._steps = loss, steps
        self.fixed: dict[str, Any] = {}
        self.commonest: float | None = None

    def _measure(self, pending: list[Kept]) -> None:
        """Measure records, fetch everything from the device at once, and give it to the recorder."""
        with torch.no_grad(), torch.autocast(self._session.device.type, enabled=False):
            measured, wiring = self._session.measured(pending), self._session.wiring_tensors()
            fetched = fetch(measured.tensors | {f"wiring/{name}": value for name, value in wiring.items()})
        results = measured.results(fetched)
        for each in results:
            self._recorder.record(each.kept.number, each.metrics, each.series)
            self._session.rows.forget(each.kept.number)
        self._counts.add(measured.counts(fetched))
        if results[-1].kept.meter is not None:  # not the state before the first update
            self._send_wiring({name: fetched[f"wiring/{name}"] for name in wiring})

    def _send_wiring(self, fetched: Mapping[str, np.ndarray]) -> None:
        skipped = fetched.get("skipped")
        wiring = wiring_of(
            self._session.model,
            self._session.first,
            fetched,
            loss=self._loss,
            tensors=self._counts.read(),
            fixed=self.fixed,
            commonest=self.commonest,
            loss_scale=None if skipped is None else self._session.scale.counted(self._steps(), int(skipped.item())),
        )
        self._recorder.wiring(wiring)
