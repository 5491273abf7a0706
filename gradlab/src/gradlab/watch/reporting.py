"""Reports of a Watch: files that open offline, and its view in a notebook."""

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from gradlab.diagnosis import Diagnosis
from gradlab.watch.recorder import Recorder

if TYPE_CHECKING:
    from gradlab.report import Report


class Reporting:
    """Diagnosis and report of a recorder's training, as a Watch offers them. It measures nothing.

    Attributes:
        recorder: keeps what is measured.
    """

    recorder: Recorder

    @property
    def experiment_id(self) -> UUID | None:
        """Id of the service's experiment, which another training continues with `resume`; None without one."""
        return self.recorder.experiment_id

    def diagnosis(self) -> Diagnosis:
        """Return the diagnosis of the training as far as it is recorded, while it trains and after it.

        Raises:
            RuntimeError: nothing is recorded yet.
        """
        return self.recorder.diagnosis()

    def check(self) -> None:
        """Raise IllTraining if the training is ill: for a job of continuous integration.

        Raises:
            IllTraining: the verdict is ``ill``.
            RuntimeError: nothing is recorded yet.
        """
        self.recorder.check()

    def report(self, path: str | Path) -> tuple[Path, Path]:
        """Write the training so far to one HTML file that opens offline, and to a JSON file of the same name.

        It holds verdict and root cause, heat map, curves, findings, evidence and remedies, and as code what each remedy
        changes in this model; of a training that has ended on two inputs the decision boundary. No sample is in it.

        Returns both paths.

        Raises:
            RuntimeError: nothing is recorded yet.
            OSError: a file cannot be written.
        """
        from gradlab.report import save

        return save(self._report(), path)

    def _repr_html_(self) -> str | None:
        """Return the report in a frame, for notebooks; None before anything is recorded."""
        from gradlab.report import framed

        return framed(self._report().html()) if self.recorder.runs() else None

    def _report(self) -> "Report":
        from gradlab.report import experiment_of, report_of  # the modules that draw: only reports need them

        diagnosis, recorder = self.recorder.diagnosis(), self.recorder
        spec, runs = recorder.spec, recorder.runs()
        assert spec is not None  # `diagnosis` has raised otherwise
        planes = {runs[0].seed: recorder.plane} if recorder.plane is not None else {}
        experiment = experiment_of(
            spec, runs, status=recorder.status, error=recorder.error, experiment_id=self.experiment_id
        )
        return report_of(spec, runs, diagnosis, experiment=experiment, planes=planes)
