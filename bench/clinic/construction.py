"""All cases: for each healthy network and dataset a family of one healthy twin, its equals, and what was made of it.

Thresholds rest on draw 0. Any other draw has other samples, other parameters of the illnesses and other seeds.
"""

import copy
import random
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256

from bench.clinic.case import Case, Part
from bench.clinic.changes import Fields, hidden
from bench.clinic.ground import Ground
from bench.clinic.grounds import GROUNDS
from bench.clinic.unseen import UNSEEN
from gradlab.frozen import kind_of
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets import DATASETS

# Whatever is drawn by chance follows from this and a case's name.
SEED = 2026
RUNS = 5
# More than the grounds have datasets of one kind: no two draws share samples.
SAMPLES_APART = 1_000
# What no rule reads is not recorded.
RECORD = {"histograms": 0, "boundary": 0}


@cache
def cases(draw: int = 0) -> tuple[Case, ...]:
    """All cases of a draw, those that share a compiled program side by side."""
    return tuple(sorted((*cases_of(GROUNDS, draw), *cases_of(UNSEEN, draw, "unseen")), key=program))


def cases_of(grounds: Iterable[Ground], draw: int = 0, part: Part | None = None) -> Iterator[Case]:
    """The cases that are made of some healthy networks, all of one part, or each family of the half of its name."""
    for ground in grounds:
        for dataset in ground.datasets:
            family = family_name(ground, dataset)
            yield from _cases(ground, dataset, family, part or side(family), draw)


def family_name(ground: Ground, dataset: Fields) -> str:
    """The name of a network on a dataset: "circles 7, wide relu"; a seed of 0 is left out."""
    seed = f" {dataset['seed']}" if dataset.get("seed") else ""
    return f"{dataset['kind']}{seed}, {ground.name}"


def side(family: str) -> Part:
    """The half of a family, by its name alone: a dataset or a network that is added moves no other family."""
    return "final" if int(sha256(family.encode()).hexdigest(), 16) % 2 else "tune"


def left_out() -> list[str]:
    """The datasets that occur in no case, by name."""
    return sorted({kind_of(dataset) for dataset in DATASETS} - {case.spec.dataset.kind for case in cases()})


def _cases(ground: Ground, dataset: Fields, family: str, part: Part, draw: int) -> list[Case]:
    healthy = ground.fields({**copy.deepcopy(dataset), "seed": dataset.get("seed", 0) + SAMPLES_APART * draw})
    seeds, drawn = range(RUNS * draw, RUNS * (draw + 1)), f"{SEED} {draw}" if draw else f"{SEED}"
    twin = f"{family}: healthy"
    made = [Case(twin, _spec(twin, healthy, seeds), None, twin, part)]
    for initializer in ground.also:
        name, fields = f"{family}: healthy, {initializer}", copy.deepcopy(healthy)
        for layer in hidden(fields):
            layer["kernel_initializer"] = initializer
        made.append(Case(name, _spec(name, fields, seeds), None, twin, part))
    for change in ground.changes:
        name = f"{family}: {change.illness}, {change.name}"
        fields = change.apply(healthy, random.Random(f"{drawn} {name}"))
        made.append(Case(name, _spec(name, fields, seeds), change.illness, twin, part, change.roots))
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
