"""Construction of all cases: for each healthy network and dataset a family of healthy and ill cases.

Thresholds were tuned on draw 0. Any other draw has other samples, other strengths of the changes, and other seeds.
"""

import copy
import random
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256

from bench.clinic.case import Case, Part
from bench.clinic.changes import Fields, hidden
from bench.clinic.healthy_network import HealthyNetwork
from bench.clinic.networks import NETWORKS
from bench.clinic.unseen import UNSEEN
from gradlab.frozen import kind_of
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets.registry import DATASETS

# All random draws follow from this and the name of a case.
SEED = 2026
RUNS = 5
# More than the datasets of one kind that a network has, so that no two draws share samples.
SAMPLES_APART = 1_000
# Series that no rule reads are not recorded.
RECORD = {"histograms": 0, "boundary": 0}


@cache
def cases(draw: int = 0) -> tuple[Case, ...]:
    """Return all cases of a draw, sorted so that cases with the same compiled program are adjacent."""
    return tuple(sorted((*cases_of(NETWORKS, draw), *cases_of(UNSEEN, draw, "unseen")), key=program))


def cases_of(networks: Iterable[HealthyNetwork], draw: int = 0, part: Part | None = None) -> Iterator[Case]:
    """Yield the cases of some healthy networks, in the given part; without one, in the half of their family's name."""
    for network in networks:
        for dataset in network.datasets:
            family = family_name(network, dataset)
            yield from _cases(network, dataset, family, part or side(family), draw)


def family_name(network: HealthyNetwork, dataset: Fields) -> str:
    """Return the name of a network on a dataset, such as "circles 7, wide relu"; a seed of 0 is left out."""
    seed = f" {dataset['seed']}" if dataset.get("seed") else ""
    return f"{dataset['kind']}{seed}, {network.name}"


def side(family: str) -> Part:
    """Return the half of a family, by its name alone, so that an added dataset or network moves no other family."""
    return "final" if int(sha256(family.encode()).hexdigest(), 16) % 2 else "tune"


def left_out() -> list[str]:
    """Return the names of datasets that occur in no case."""
    return sorted({kind_of(dataset) for dataset in DATASETS} - {case.spec.dataset.kind for case in cases()})


def _cases(network: HealthyNetwork, dataset: Fields, family: str, part: Part, draw: int) -> list[Case]:
    healthy = network.fields({**copy.deepcopy(dataset), "seed": dataset.get("seed", 0) + SAMPLES_APART * draw})
    seeds, drawn = range(RUNS * draw, RUNS * (draw + 1)), f"{SEED} {draw}" if draw else f"{SEED}"
    twin = f"{family}: healthy"
    made = [Case(twin, _spec(twin, healthy, seeds), None, twin, part)]
    for initializer in network.also:
        name, fields = f"{family}: healthy, {initializer}", copy.deepcopy(healthy)
        for layer in hidden(fields):
            layer["kernel_initializer"] = initializer
        made.append(Case(name, _spec(name, fields, seeds), None, twin, part))
    for change in network.changes:
        name = f"{family}: {change.illness}, {change.name}"
        fields = change.apply(healthy, random.Random(f"{drawn} {name}"))
        made.append(Case(name, _spec(name, fields, seeds), change.illness, twin, part, change.roots))
    return made


def _spec(name: str, fields: Fields, seeds: range) -> ExperimentSpec:
    return ExperimentSpec.model_validate({"name": name, **fields, "record": RECORD, "seeds": list(seeds)})


def program(case: Case) -> str:
    """Return a sort key: cases with equal keys share a compiled program, by network, training and shapes of samples."""
    spec = case.spec
    activations = [(layer.spec.kind, layer.spec.function and layer.spec.function.kind) for layer in spec.layers]
    training, loss = spec.training, spec.only_output.loss
    sizes = (spec.dataset.train_count, spec.dataset.sample_count, spec.dataset.feature_shape, str(spec.dataset.target))
    shapes = [layer.output_shape for layer in spec.layers]
    return repr((sizes, shapes, activations, loss.kind, training.optimizer.kind, training.batch_size))
