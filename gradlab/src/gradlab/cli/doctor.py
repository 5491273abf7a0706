"""The doctor in the terminal: the assumptions, each part as it ends, and the patch."""

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from gradlab.cli.datasets import render_profile
from gradlab.cli.diagnosis import render_verdict, verdict_line
from gradlab.cli.treatments import render_treatment
from gradlab.client.doctoring import Examination
from gradlab.diagnosis.summary import root_of, summary_of
from gradlab.schemas.diagnosis import DiagnosisResponse
from gradlab.schemas.drafts import DraftResponse
from gradlab.schemas.treatments import TreatmentResponse

BUSY = {
    "data": "reading and profiling the samples",
    "draft": "translating the model",
    "triage": "looking at the network before any training",
    "training": "training",
    "diagnosis": "diagnosing",
    "treatment": "training changed networks to find a cure",
}


class DoctorDisplay:
    """Prints each part of an examination once it has ended, with one live line for the part that runs.

    Args:
        console: where to print.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> "DoctorDisplay":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, part: str, examination: Examination) -> None:
        """Show the state of an examination after a change."""
        if part not in examination.seconds:
            self._live.update(_running(part, examination), refresh=True)
        else:  # its last change
            self._live.update(Text(""), refresh=True)
            self._console.print(_ended(part, examination))


def _running(part: str, examination: Examination) -> RenderableType:
    if part == "treatment" and examination.treatment is not None:
        return render_treatment(examination.treatment)
    line = Text(f"… {BUSY[part]}", style="dim")
    if part == "training" and examination.experiment is not None:
        progress = examination.experiment.progress
        line.append(f": {progress.epochs_done:,} of {progress.epochs_total:,} epochs")
    return line


def _ended(part: str, examination: Examination) -> RenderableType:
    heading = Text(f"{part.capitalize()}", style="bold").append(f"  {examination.seconds[part]:.1f} s", style="dim")
    return Group(heading, Padding(Group(*_of(part, examination)), (0, 0, 1, 2)))


def _of(part: str, examination: Examination) -> list[RenderableType]:
    """Render the results of a part, line by line."""
    if part == "data" and examination.dataset is not None and examination.profile is not None:
        return [render_profile(examination.dataset, examination.profile)]
    if part == "draft" and examination.draft is not None:
        return _assumptions(examination.draft)
    if part == "triage" and examination.triage is not None:
        return [verdict_line(summary_of(examination.triage)), *_why(examination.triage)]
    if part == "training" and examination.experiment is not None:
        return [Text(_trained(examination))]
    if part == "diagnosis" and examination.diagnosis is not None:
        return [render_verdict(examination.diagnosis), *_why(examination.diagnosis), *_numbering(examination)]
    if part == "treatment" and examination.treatment is not None:
        return [render_treatment(examination.treatment), *_patch(examination.treatment)]
    return []


def _assumptions(draft: DraftResponse) -> list[RenderableType]:
    lines: list[RenderableType] = [Text(f"assumed: {each}") for each in draft.assumptions]
    lines += [Text(each, style="dim") for each in draft.notes]
    spec = draft.spec
    lines.append(
        Text(
            f"{spec.parameter_count:,} parameters, {spec.dataset.train_count:,} training samples, "
            f"{len(spec.seeds)} seeds of {spec.epochs:,} epochs, about {draft.seconds:.0f} s for one seed"
        )
    )
    return lines


def _why(diagnosis: DiagnosisResponse) -> list[RenderableType]:
    root = root_of(diagnosis)
    return [Text(root.explanation)] if root else []


def _trained(examination: Examination) -> str:
    experiment = examination.experiment
    assert experiment is not None
    error = f": {experiment.error}" if experiment.error else ""
    return f"{experiment.status}, {experiment.progress.epochs_done:,} epochs, experiment {experiment.id}{error}"


def _numbering(examination: Examination) -> list[RenderableType]:
    code = examination.numbering
    return [Padding(Text(code), (0, 0, 0, 2))] if code else []


def _patch(treatment: TreatmentResponse) -> list[RenderableType]:
    if treatment.recommended is None:
        return []
    trial = treatment.trials[treatment.recommended]
    lines: list[RenderableType] = [Text(f"The cure: {' + '.join(trial.remedies)}", style="bold green")]
    if treatment.recommended_code:
        lines.append(Padding(Text(treatment.recommended_code), (0, 0, 0, 2)))
    return lines
