"""The doctor's client: what it refuses before anything is uploaded, and how it names an experiment."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gradlab.client.doctoring import Examination, examine
from gradlab.errors import Invalid
from gradlab.profile import profile
from gradlab.schemas import DraftRequest
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec
from tests.several import SAMPLES, two_ends
from tests.unit.translate.keras_texts import a_dense, a_sequential, an_input, text_of

ID = "sha256:" + "1" * 64


class Stopped(Exception):
    """The draft was asked for."""


class Service:
    """A client that takes files, and stops at the draft."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.request: DraftRequest | None = None

    def add_dataset(self, file: Path) -> Any:
        self.files.append(file)
        return type("Dataset", (), {"id": ID})

    def profile(self, id: str) -> Any:
        return profile({"a": np.arange(3.0)}, {}, 3)

    def draft(self, request: DraftRequest) -> Any:
        self.request = request
        raise Stopped


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model with a long name."""
    file = tmp_path / f"{'m' * 240}.json"
    file.write_text(text_of(a_sequential(an_input(2), a_dense(1, "out"))))
    return file


def test_a_wrong_choice_is_refused_before_the_upload(model: Path):
    service = Service()
    with pytest.raises(Invalid, match=r"batch_size: expected .*; received 0"):
        examine(service, model, Path("samples.csv"), batch_size=0)  # type: ignore[arg-type]
    assert service.files == []


def test_the_draft_names_the_uploaded_files(model: Path):
    service = Service()
    with pytest.raises(Stopped):
        examine(service, model, Path("samples.csv"), validation=Path("more.csv"), target="a")  # type: ignore[arg-type]
    request = service.request
    assert request is not None
    assert (request.dataset, request.validation, request.target, request.name) == (ID, ID, "a", "m" * 200)
    assert service.files == [Path("samples.csv"), Path("more.csv")]


def numbering_of(*classes: str) -> str | None:
    """The lines that number these classes, which the output `sort` has in the file, after a training that learns."""
    outputs = [SAMPLES["outputs"][0], {**SAMPLES["outputs"][1], "classes": classes}]
    spec = ExperimentSpec.model_validate(two_ends(dataset__samples={**SAMPLES, "outputs": outputs}))
    diagnosis = SimpleNamespace(verdict="at risk", root_cause="target_encoding", outcomes=())
    experiment = SimpleNamespace(status=Status.completed)
    examination = Examination(draft=SimpleNamespace(spec=spec), experiment=experiment, diagnosis=diagnosis)  # type: ignore[arg-type]
    return examination.numbering


def test_the_classes_of_one_of_several_outputs_are_numbered_by_its_name():
    assert numbering_of("1", "2", "3") == (
        "classes = [1, 2, 3]\n"
        'y["sort"], y_val["sort"] = '
        'np.searchsorted(classes, y["sort"]).reshape(-1), np.searchsorted(classes, y_val["sort"]).reshape(-1)'
    )
    assert numbering_of("0", "1", "2") is None
