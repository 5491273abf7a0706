"""All cases: for each healthy network and dataset a family of one healthy twin, its equals, and what was made of it.

Draw 0 is the one that thresholds rest on, by its half for tuning. Any other has other samples, other parameters of the
illnesses and other seeds: for figures that nobody has looked at before.
"""

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
# More than the grounds have datasets of one kind: no two draws share samples.
SAMPLES_APART = 1_000
# What no rule reads is not recorded.
RECORD = {"histograms": 0, "boundary": 0}


@cache
def cases(draw: int = 0) -> tuple[Case, ...]:
    """All cases of a draw, those that share a compiled program side by side. The halves never share a family."""
    families = [(ground, dataset, _family(ground, dataset)) for ground in GROUNDS for dataset in ground.datasets]
    halves = _halves([name for _, _, name in families])
    made = [case for ground, dataset, name in families for case in _cases(ground, dataset, name, halves[name], draw)]
    return tuple(sorted(made, key=program))


def _family(ground: Ground, dataset: Fields) -> str:
    seed = f" {dataset['seed']}" if dataset.get("seed") else ""
    return f"{dataset['kind']}{seed}, {ground.name}"


def _halves(families: list[str]) -> dict[str, Half]:
    """Neighbours in the list, which share a network, go to different halves, which to which by chance."""
    chance = random.Random(SEED)
    halves: dict[str, Half] = {}
    for place in range(0, len(families), 2):
        pair: list[Half] = ["tune", "final"]
        chance.shuffle(pair)
        halves.update(zip(families[place : place + 2], pair, strict=False))
    return halves


def _cases(ground: Ground, dataset: Fields, family: str, half: Half, draw: int) -> list[Case]:
    healthy = ground.fields({**copy.deepcopy(dataset), "seed": dataset.get("seed", 0) + SAMPLES_APART * draw})
    seeds, drawn = range(RUNS * draw, RUNS * (draw + 1)), f"{SEED} {draw}" if draw else f"{SEED}"
    twin = f"{family}: healthy"
    made = [Case(twin, _spec(twin, healthy, seeds), None, twin, half)]
    for initializer in ground.also:
        name, fields = f"{family}: healthy, {initializer}", copy.deepcopy(healthy)
        for layer in hidden(fields):
            layer["kernel_initializer"] = initializer
        made.append(Case(name, _spec(name, fields, seeds), None, twin, half))
    for change in ground.changes:
        name = f"{family}: {change.illness}, {change.name}"
        fields = change.apply(healthy, random.Random(f"{drawn} {name}"))
        made.append(Case(name, _spec(name, fields, seeds), change.illness, twin, half, change.roots))
    return made


def _spec(name: str, fields: Fields, seeds: range) -> ExperimentSpec:
    return ExperimentSpec.model_validate({"name": name, **fields, "record": RECORD, "seeds": list(seeds)})


def program(case: Case) -> str:
    """What decides which program trains it: the network, how it is trained, and how many samples of which shape."""
    spec = case.spec
    activations = [(layer.spec.kind, layer.spec.function and layer.spec.function.kind) for layer in spec.layers]
    training = spec.training
    sizes = (spec.dataset.train_count, spec.dataset.sample_count, spec.dataset.feature_shape, str(spec.dataset.target))
    shapes = [layer.output_shape for layer in spec.layers]
    return repr((sizes, shapes, activations, training.loss.kind, training.optimizer.kind, training.batch_size))
