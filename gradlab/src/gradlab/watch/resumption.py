"""Resumption: what a service has of an experiment that a training continues."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np

from gradlab.client.client import Client
from gradlab.client.connection import Refused
from gradlab.facts import Facts, Wiring
from gradlab.measurement.history import History, Layout
from gradlab.spec import ExternalSpec

# Seconds that each answer of the service is waited for, before the training begins.
TIMEOUT_SECONDS = 10.0
METRICS = "metrics"


@dataclass(frozen=True)
class Continued:
    """The experiment that a training continues, in the words of the service.

    Attributes:
        id: its id.
        after: the record from whose state the training goes on; None for the last one.
        epochs: the last record that is planned.
        spec: its description; None if the service has not answered.
        layers: the training's names of the layers -> the experiment's.
        has_facts: True if it has facts, which stay.
    """

    id: UUID
    after: int | None
    epochs: int
    spec: ExternalSpec | None = None
    layers: Mapping[str, str] = field(default_factory=dict)
    has_facts: bool = False


@dataclass(frozen=True, eq=False)
class Resumption:
    """An experiment that a training continues, as far as the service has it.

    Attributes:
        spec: its description.
        history: what is stored of its run.
        facts: its facts; None if it has none.
    """

    spec: ExternalSpec
    history: History
    facts: Facts | None

    def continued(self, id: UUID, spec: ExternalSpec, after: int) -> Continued:
        """Return how a training continues the experiment, in the service's words.

        Args:
            id: of the experiment.
            spec: the training's description, as `joined` returns it.
            after: the record from whose state it goes on.
        """
        layers = {mine.name: stored.name for mine, stored in zip(spec.layers, self.spec.layers, strict=False)}
        stored = self.spec.model_copy(update={"epochs": spec.epochs})
        return Continued(id, after, spec.epochs, stored, layers, self.facts is not None)

    @property
    def last(self) -> int:
        """The last record; without records, the one that the experiment begins after."""
        return self.history.last_epoch if len(self.history) else self.spec.initial_epoch

    def after(self, spec: ExternalSpec) -> int:
        """Return the record from whose state a training goes on: its `initial_epoch`; the last one if that is 0.

        Args:
            spec: the description of the training.
        """
        return spec.initial_epoch if spec.axis == "epoch" and spec.initial_epoch else self.last

    def joined(self, spec: ExternalSpec) -> ExternalSpec:
        """Return a training's own description with the records, metrics and beginning of the experiment."""
        fields = {
            "metrics": self.spec.metrics,
            "record": self.spec.record,
            "initial_epoch": self.spec.initial_epoch,
            "epochs": self.after(spec) + spec.epochs - spec.initial_epoch,
        }
        return spec.model_copy(update=fields)

    def unfitting(self, spec: ExternalSpec) -> str | None:
        """Return what is expected and received if a training cannot continue the experiment; else None."""
        if (spec.axis, spec.every_steps) != (self.spec.axis, self.spec.every_steps):
            return f"expected records of one {_unit(self.spec)}, as the experiment has; received one {_unit(spec)}"
        if self.after(spec) > self.last:
            return f"expected `initial_epoch` up to {self.last}, the last record; received {spec.initial_epoch}"
        mine, stored = _tensors(spec), _tensors(self.spec)
        if len(mine) != len(stored):
            return f"expected a model of {len(stored)} tensors, as the experiment has; received {len(mine)}"
        for (_, shape), (path, other) in zip(mine, stored, strict=True):
            if shape != other:
                return f"expected the experiment's model, in which {path} has the shape {other}; received {shape}"
        if _series(self.joined(spec)) != _series(self.spec):
            return "expected a model with the experiment's series; received one with other outputs of its layers"
        return None


def _unit(spec: ExternalSpec) -> str:
    return "epoch" if spec.every_steps is None else f"block of {spec.every_steps} steps"


def _tensors(spec: ExternalSpec) -> list[tuple[str, tuple[int, ...]]]:
    return [(f"{layer.name}/{each.name}", each.shape) for layer in spec.layers for each in layer.parameters]


def _series(spec: ExternalSpec) -> list[tuple[str, int, tuple[int, int]]]:
    return [(each.kind, each.every, each.shape) for each in spec.layout.series]


def experiment_to_resume(id: UUID | str, to: str | None) -> UUID:
    """Return the id of the experiment that a training continues. Raises ValueError for none, and without a service."""
    if to is None:
        raise ValueError("resume: expected `to`, the service whose experiment goes on; received no address")
    try:
        return UUID(str(id))
    except ValueError:
        raise ValueError(f"resume: expected the id of an experiment; received {str(id)[:100]!r}") from None


def fetched(to: str, api_key: str | None, id: UUID, seed: int) -> Resumption:
    """Return what a service has of an experiment.

    Raises:
        Unreachable: it does not answer.
        ValueError: there is no such experiment, or it cannot go on.
    """
    with Client(to, api_key, timeout=TIMEOUT_SECONDS) as client:
        try:
            experiment = client.get(id)
        except Refused as refusal:
            raise ValueError(f"resume: expected an experiment of {to}; {refusal}") from None
        if not isinstance(experiment.spec, ExternalSpec):
            raise ValueError(f"resume: expected a training elsewhere; experiment {id} was trained by the service")
        if experiment.status == "cancelled":
            raise ValueError(f"resume: expected an experiment that may go on; {id} was cancelled")
        if seed not in experiment.spec.seeds:
            seeds = ", ".join(map(str, experiment.spec.seeds))
            raise ValueError(f"resume: expected a run with the seed {seed}; experiment {id} has {seeds}")
        file = io.BytesIO()
        client.export(id, "series.npz", file)
        try:
            facts = client.facts(id)
        except Refused:
            facts = None
    file.seek(0)
    with np.load(file, allow_pickle=False) as archive:
        history = _history(archive, experiment.spec.layout, experiment.spec.seeds.index(seed))
    return Resumption(experiment.spec, history, facts)


def _history(arrays: Mapping[str, np.ndarray], layout: Layout, run: int) -> History:
    epochs = arrays[f"epochs_{METRICS}_{run}"]
    series = {each.kind: arrays[f"{each.kind}_{run}"] for each in layout.series}
    if any(series[each.kind].shape[1:] != each.shape for each in layout.series):
        raise ValueError("resume: expected an experiment with this version's series; received one of another version")
    return History(layout, int(epochs[0]) if len(epochs) else 0, arrays[f"{METRICS}_{run}"], series)


def renamed(wiring: Wiring, layers: Mapping[str, str]) -> Wiring:
    """Return a wiring with other names of the layers: a model that is made anew may have other ones.

    Args:
        wiring: the wiring.
        layers: name -> new name.
    """

    def of(path: str) -> str:
        owners = [each for each in layers if path == each or path.startswith(f"{each}/")]
        owner = max(owners, key=len, default="")
        return layers.get(owner, "") + path[len(owner) :]

    changed: dict[str, Any] = {}
    for name in ("tensors", "training_mode", "masked_share"):
        values = getattr(wiring, name)
        if isinstance(values, Mapping):
            changed[name] = {of(path): value for path, value in values.items()}
    return wiring.model_copy(update=changed)
