"""The doctor: from a Keras model and samples to the root cause and a proved cure, as one call of the client."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from gradlab.client.client import Client
from gradlab.client.connection import Refused, Unreachable
from gradlab.client.keras_file import read_configuration
from gradlab.diagnosis.outcome import FAILING
from gradlab.frozen import MAX_NAME
from gradlab.profile import Profile
from gradlab.schemas.datasets import DatasetResponse
from gradlab.schemas.diagnosis import DiagnosisResponse, ExperimentDiagnosisResponse
from gradlab.schemas.drafts import SEEDS, DraftRequest, DraftResponse
from gradlab.schemas.experiments import ExperimentResponse
from gradlab.schemas.status import Status
from gradlab.schemas.treatments import TreatmentRequest, TreatmentResponse
from gradlab.spec.problems import invalid

if TYPE_CHECKING:
    from gradlab.spec import ExperimentSpec
    from gradlab.translate.target_code import Classes
    from gradlab.vocabulary.datasets.uploaded import UploadedDataset

Outcome = Literal["healthy", "at risk", "cured", "not cured", "undecided", "not trained"]
# The time after which no treatment goes on, in seconds: ten minutes.
BUDGET_SECONDS = 600.0
# The rule on classes that have other numbers in the file than a loss takes.
ENCODING = "target_encoding"
# Stands for the dataset until it is uploaded.
NO_DATASET = f"sha256:{0:064}"


@dataclass
class Examination:
    """Answers of the service to the doctor so far; a part that has not been reached is None.

    Attributes:
        dataset: the uploaded samples.
        profile: what they look like, and what about them breaks trainings.
        draft: the spec, and what was assumed.
        triage: the diagnosis before any training.
        experiment: the training.
        diagnosis: the diagnosis of the training.
        treatment: the trials, and the change that cures.
        seconds: time that each part took, in seconds, by its name.
    """

    dataset: DatasetResponse | None = None
    profile: Profile | None = None
    draft: DraftResponse | None = None
    triage: DiagnosisResponse | None = None
    experiment: ExperimentResponse | None = None
    diagnosis: ExperimentDiagnosisResponse | None = None
    treatment: TreatmentResponse | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """Outcome of the whole. cured: a change is proved to cure; at risk: every seed learns, with a finding."""
        if self.diagnosis is None or self.experiment is None or self.experiment.status is not Status.completed:
            return "not trained"
        if self.is_ill:
            return "cured" if self.treatment is not None and self.treatment.recommended is not None else "not cured"
        verdict = self.diagnosis.verdict
        return verdict if verdict in ("healthy", "at risk") else "undecided"

    @property
    def is_ill(self) -> bool:
        """True if the training is ill, or one of its seeds does not learn."""
        if self.diagnosis is None:
            return False
        return self.diagnosis.verdict == "ill" or any(each.outcome in FAILING for each in self.diagnosis.outcomes)

    @property
    def program(self) -> str | None:
        """The cured training as a Keras program; None without a cure.

        It takes the arrays as they are in the file: classes as numbers, texts or one-hot rows. Where the service cured
        the training by numbering the classes anew, it is the training as it was.
        """
        from gradlab.translate.keras_program import keras_program
        from gradlab.vocabulary.datasets.uploaded import UploadedDataset
        from gradlab.vocabulary.datasets.uploaded_parts import parts_by_output

        cured = self.treatment.recommended_spec if self.treatment is not None else None
        if self.numbering is not None:
            cured = self._spec
        if cured is None or self.profile is None or not isinstance(cured.dataset, UploadedDataset):
            return None
        forms = {name: _form_of_classes(self.profile, part) for name, part in parts_by_output(cured.dataset).items()}
        return keras_program(cured, classes=forms)

    @property
    def numbering(self) -> str | None:
        """Lines that number the classes as this service did, where that alone cures the training; None elsewhere."""
        from gradlab.translate.preparation_code import array
        from gradlab.translate.target_code import numbering_code
        from gradlab.vocabulary.datasets.uploaded import UploadedDataset
        from gradlab.vocabulary.datasets.uploaded_parts import parts_by_output

        is_cured = self.outcome == "at risk" and self.diagnosis is not None and self.diagnosis.root_cause == ENCODING
        if not is_cured or self._spec is None or not isinstance(self._spec.dataset, UploadedDataset):
            return None
        lines: list[str] = []
        for name, part in parts_by_output(self._spec.dataset).items():
            if part.task == "classes":
                lines += numbering_code(part, None, array("y", name))
        return "\n".join(lines) or None

    @property
    def _spec(self) -> "ExperimentSpec | None":
        return self.draft.spec if self.draft is not None else None


def _form_of_classes(profile: Profile, dataset: "UploadedDataset") -> "Classes | None":
    """Return how a file has the classes of its target; None where the profile does not show it."""
    column = next((each for each in profile.columns if (each.name,) == dataset.targets), None)
    if column is None:
        return None
    if column.shape == (*dataset.target.steps, dataset.target.count):
        return "one_hot"
    return "texts" if column.dtype == "text" else "numbers"


Progress = Callable[[str, Examination], None]


def examine(
    client: Client,
    model: Path,
    data: Path,
    *,
    validation: Path | None = None,
    budget: float = BUDGET_SECONDS,
    progress: Progress = lambda part, examination: None,
    **choices: Any,
) -> Examination:
    """Find out why a network does not learn, and which smallest change cures it.

    Args:
        client: client of a service.
        model: a `.keras` file, or the text of `model.to_json()`. Its weights are not read: initial weights are drawn.
        data: samples: CSV, Parquet or NPZ.
        validation: samples for validation alone, of the same form.
        budget: time after which the treatment is cancelled, in seconds; trials that have finished count.
        progress: called with the name of a part and what is known, again and again.
        choices: fields of `DraftRequest`, such as `target`, `epochs`, `batch_size`, `loss`, `optimizer`, `seeds`.

    Raises:
        Invalid: a file cannot be read or is no such file, or a choice is none; nothing is uploaded then.
        Refused: the service refused something; its problem document says what.
        Unreachable: the service did not respond.
    """
    return _Examining(client, budget, progress).run(model, data, validation, choices)


def _request(model: Path, choices: dict[str, Any]) -> DraftRequest:
    """Return the request for a draft, whose dataset is not uploaded yet. Raises Invalid."""
    body = {"name": model.stem[:MAX_NAME], **choices, "configuration": read_configuration(model), "dataset": NO_DATASET}
    try:
        return DraftRequest.model_validate(body)
    except ValidationError as error:
        raise invalid(error, body) from error


class _Examining:
    def __init__(self, client: Client, budget: float, progress: Progress) -> None:
        self._client, self._budget, self._progress = client, budget, progress
        self._begun = time.monotonic()
        self._so_far = Examination()

    def run(self, model: Path, data: Path, validation: Path | None, choices: dict[str, Any]) -> Examination:
        """Take all parts in order; return what is known after the last one that was needed."""
        request = _request(model, choices)
        self._part("data", lambda: self._upload(data))
        other = self._client.add_dataset(validation).id if validation is not None else request.validation
        named = request.model_copy(update={"dataset": self._dataset.id, "validation": other})
        self._part("draft", lambda: self._draft(named))
        self._part("triage", self._triage)
        self._part("training", self._train)
        self._part("diagnosis", self._diagnose)
        if self._so_far.outcome != "not trained" and self._so_far.is_ill:
            self._part("treatment", self._treat)
        return self._so_far

    def _part(self, name: str, run: Callable[[], None]) -> None:
        begun = time.monotonic()
        self._progress(name, self._so_far)
        run()
        self._so_far.seconds[name] = time.monotonic() - begun
        self._progress(name, self._so_far)

    @property
    def _dataset(self) -> DatasetResponse:
        assert self._so_far.dataset is not None
        return self._so_far.dataset

    @property
    def _spec(self) -> Any:
        assert self._so_far.draft is not None
        return self._so_far.draft.spec

    def _upload(self, data: Path) -> None:
        self._so_far.dataset = self._client.add_dataset(data)
        self._so_far.profile = self._client.profile(self._dataset.id)

    def _draft(self, request: DraftRequest) -> None:
        self._so_far.draft = self._client.draft(request)

    def _triage(self) -> None:
        self._so_far.triage = self._client.triage(self._spec)

    def _train(self) -> None:
        def keep(experiment: ExperimentResponse) -> None:
            self._so_far.experiment = experiment
            self._progress("training", self._so_far)

        submitted = self._client.submit(self._spec)
        keep(submitted)
        keep(self._client.wait(submitted.id, progress=keep))

    def _diagnose(self) -> None:
        assert self._so_far.experiment is not None
        self._so_far.diagnosis = self._client.diagnosis(self._so_far.experiment.id)

    def _treat(self) -> None:
        assert self._so_far.experiment is not None
        treatment = self._client.treat(self._so_far.experiment.id, TreatmentRequest(seeds=self._treated_seeds))
        left = max(0.0, self._begun + self._budget - time.monotonic())
        timer = threading.Timer(left, self._cancel, [treatment])
        timer.daemon = True
        timer.start()
        try:
            self._so_far.treatment = self._client.wait_for_treatment(treatment, progress=self._keep_treatment)
        finally:
            timer.cancel()

    @property
    def _treated_seeds(self) -> int:
        return max(SEEDS, len(self._spec.seeds))

    def _keep_treatment(self, treatment: TreatmentResponse) -> None:
        self._so_far.treatment = treatment
        self._progress("treatment", self._so_far)

    def _cancel(self, treatment: TreatmentResponse) -> None:
        with suppress(Refused, Unreachable):  # it has ended in the meantime, or goes on until it ends
            self._client.cancel_treatment(treatment.experiment_id, treatment.id)
