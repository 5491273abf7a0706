"""Cases of the clinic in the service: trained by its engine and diagnosed, with what the twins in PyTorch need."""

from pathlib import Path

import numpy as np

from bench.clinic.case import Case
from bench.clinic.training import kept_or_trained
from bench.twins.folder import SAMPLES, SERVICE, Arrays, CaseFolder, compared
from core.settings import Settings
from core.training.environment import prepare
from gradlab.diagnosis import Diagnosis, Run, diagnose
from gradlab.spec import ExperimentSpec
from gradlab.spec.network import in_order

OTHERS = "service_others"


def begin() -> None:
    """Prepare this process for the engine."""
    prepare(Settings().compile_cache)


def train(case: Case, root: Path) -> None:
    """Train and diagnose a case, and leave samples, initial weights, record 0 and the diagnosis in its folder."""
    folder = CaseFolder.of(root, case.spec)
    if folder.has(SERVICE):
        return
    folder.write("spec", case.spec.model_dump(mode="json"))
    folder.write_arrays(SAMPLES, _samples(case.spec))
    runs = kept_or_trained(case, root / "service").runs
    folder.write_arrays(SERVICE, _record_0(runs[0]))
    folder.write(SERVICE, summary(diagnose(case.spec, runs)))


def train_others(case: Case, root: Path) -> None:
    """Train and diagnose a case with five other seeds: what the service says of it by chance alone."""
    folder = CaseFolder.of(root, case.spec)
    if folder.has(OTHERS):
        return
    seeds = tuple(seed + 100 for seed in case.spec.seeds)
    spec = case.spec.model_copy(update={"seeds": seeds})
    runs = kept_or_trained(Case(case.name, spec, case.illness, case.twin, case.part, case.roots), root / "service").runs
    folder.write(OTHERS, summary(diagnose(spec, runs)))


def summary(diagnosis: Diagnosis) -> dict[str, object]:
    """Return what is compared of a diagnosis."""
    return {**compared(diagnosis), "unjudged": [each.rule for each in diagnosis.unjudged]}


def _samples(spec: ExperimentSpec) -> Arrays:
    from core.training.network import initial_values  # Keras may be loaded only after `begin`

    data = spec.dataset.load()
    arrays = {"x": data.train_x, "y": data.train_y, "val_x": data.val_x, "val_y": data.val_y}
    layers = list(in_order(spec.network))
    for layer, values in zip(layers, initial_values(spec, spec.seeds[0]), strict=True):
        names = [tensor.parameter for tensor in layer.tensors]
        arrays |= {f"{layer.name}/{name}": value for name, value in zip(names, values.trainable, strict=True)}
    return arrays


def _record_0(run: Run) -> Arrays:
    history = run.history
    series = {kind: np.asarray(values[0]) for kind, values in history.series.items() if len(values)}
    return {kind: values for kind, values in series.items() if values.ndim == 2}
