"""All cases: for each healthy network and dataset a family of one healthy twin, its equals, and what was made of it."""

import copy
import random
from functools import cache

from bench.clinic.case import Case, Half
from bench.clinic.changes import Fields, hidden
from bench.clinic.ground import Ground
from bench.clinic.grounds import GROUNDS
from core.spec import ExperimentSpec

# Whatever is drawn by chance, and the split, follow from this.
SEED = 2026
RUNS = 5
# What no rule reads is not recorded.
RECORD = {"histograms": 0}


@cache
def cases() -> tuple[Case, ...]:
    """All cases, those that share a compiled program side by side. Families are never split between the halves."""
    families = [(ground, dataset, _family(ground, dataset)) for ground in GROUNDS for dataset in ground.datasets]
    halves = _halves([name for _, _, name in families])
    made = [case for ground, dataset, name in families for case in _cases(ground, dataset, name, halves[name])]
    return tuple(sorted(made, key=program))


def _family(ground: Ground, dataset: Fields) -> str:
    seed = f" {dataset['seed']}" if dataset.get("seed") else ""
    return f"{dataset['kind']}{seed}, {ground.name}"


def _halves(families: list[str]) -> dict[str, Half]:
    """Neighbours in the list, which share a network, go to different halves, which to which by chance."""
    chance, halves = random.Random(SEED), {}
    for place in range(0, len(families), 2):
        pair: list[Half] = ["tune", "final"]
        chance.shuffle(pair)
        halves.update(zip(families[place : place + 2], pair, strict=False))
    return halves


def _cases(ground: Ground, dataset: Fields, family: str, half: Half) -> list[Case]:
    healthy = ground.fields(copy.deepcopy(dataset))
    twin = f"{family}: healthy"
    made = [Case(twin, _spec(twin, healthy), None, twin, half)]
    for initializer in ground.also:
        name, fields = f"{family}: healthy, {initializer}", copy.deepcopy(healthy)
        for layer in hidden(fields):
            layer["kernel_initializer"] = initializer
        made.append(Case(name, _spec(name, fields), None, twin, half))
    for change in ground.changes:
        name = f"{family}: {change.illness}, {change.name}"
        fields = change.apply(healthy, random.Random(f"{SEED} {name}"))
        made.append(Case(name, _spec(name, fields), change.illness, twin, half, change.roots))
    return made


def _spec(name: str, fields: Fields) -> ExperimentSpec:
    return ExperimentSpec.model_validate({"name": name, **fields, "record": RECORD, "seeds": list(range(RUNS))})


def program(case: Case) -> str:
    """What decides which program trains it: the network, how it is trained, and how many samples of which shape."""
    spec = case.spec
    activations = [(layer.spec.kind, layer.spec.function and layer.spec.function.kind) for layer in spec.layers]
    training = spec.training
    sizes = (spec.dataset.train_count, spec.dataset.sample_count, spec.dataset.feature_shape, str(spec.dataset.target))
    shapes = [layer.output_shape for layer in spec.layers]
    return repr((sizes, shapes, activations, training.loss.kind, training.optimizer.kind, training.batch_size))
