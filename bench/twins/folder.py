"""Folder of a case, in which the processes leave their results: arrays as NPZ, the rest as JSON."""

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from gradlab.diagnosis import Diagnosis
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse

Arrays = dict[str, np.ndarray]
# Names of results: the samples and initial weights; record 0 of the service, of Keras in float64, and of PyTorch.
SAMPLES, SERVICE, KERAS = "samples", "service", "keras"
TORCH32, TORCH64, TRAINED = "torch_float32", "torch_float64", "torch"


def compared(diagnosis: Diagnosis) -> dict[str, object]:
    """Return what both frameworks have of a diagnosis."""
    return {
        "verdict": diagnosis.verdict,
        "root_cause": diagnosis.root_cause,
        "findings": {each.rule: list(each.seeds) for each in diagnosis.findings},
        "outcomes": [each.outcome for each in diagnosis.outcomes],
        "learnt": [each.learnt for each in diagnosis.outcomes],
    }


class CaseFolder:
    """The results of one case.

    Args:
        path: the folder; it may not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, root: Path, spec: ExperimentSpec) -> "CaseFolder":
        """Return the folder of a spec, by its hash."""
        return cls(root / sha256(spec.model_dump_json().encode()).hexdigest()[:16])

    @property
    def spec(self) -> ExperimentSpec:
        """The case's spec."""
        return parse(self._of("spec", "json").read_bytes())

    def has(self, name: str) -> bool:
        """True if a result is there."""
        return self._of(name, "json").exists() or self._of(name, "npz").exists()

    def write(self, name: str, document: Any) -> None:
        """Write a document of JSON."""
        self._replace(name, "json", json.dumps(document, indent=1).encode())

    def read(self, name: str) -> Any:
        """Read a document of JSON."""
        return json.loads(self._of(name, "json").read_text())

    def write_arrays(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Write arrays by name."""
        self.path.mkdir(parents=True, exist_ok=True)
        draft = self.path / f"{name}.draft.npz"
        np.savez(draft, allow_pickle=False, **arrays)
        os.replace(draft, self._of(name, "npz"))

    def arrays(self, name: str) -> Arrays:
        """Read arrays by name."""
        with np.load(self._of(name, "npz")) as saved:
            return {key: saved[key] for key in saved.files}

    def _replace(self, name: str, ending: str, content: bytes) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        draft = self.path / f"{name}.draft"
        draft.write_bytes(content)
        os.replace(draft, self._of(name, ending))

    def _of(self, name: str, ending: str) -> Path:
        return self.path / f"{name}.{ending}"
