"""Scaffolds of what a spec may name: a dataset, a layer."""

from scripts.scaffold import MARK
from scripts.scaffold.tree import LIBRARY, Tree

DATASET = '''
"""{mark}: the samples in one line."""

from typing import Literal

import numpy as np

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Noise, Shape
from gradlab.vocabulary.targets import Target


class {cls}(GeneratedDataset):
    """{mark}: the samples, and what is to be predicted of them."""

    kind: Literal["{name}"] = "{name}"
    noise: float = Noise
    """Standard deviation of the Gaussian noise added to each coordinate."""

    @property
    def feature_shape(self) -> Shape:
        return (2,)

    @property
    def target(self) -> Target:
        return Target("classes", 2)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(self.seed)
        raise NotImplementedError("{mark}: (samples, 2) inputs and (samples,) classes, drawn from `random`", random)
'''
TEST_OF_DATASET = '''
"""{mark}: what holds of the samples of {name}, in one line."""

from gradlab.vocabulary.datasets.{name} import {cls}


def test_the_samples_of_{name}_follow_their_formula():
    x, y = {cls}(samples=400, noise=0.0).draw()
    assert (len(x), len(y)) == (400, 400)
    raise AssertionError("{mark}: compare the samples with their formula")
'''
LAYER = '''
"""{mark}: the layers of this family in one line."""

from collections.abc import Iterator
from typing import Any, Literal

from gradlab.vocabulary.layers.layer import LayerSpec, Shape


class {cls}(LayerSpec):
    """{mark}: the formula, and its source."""

    kind: Literal["{name}"] = "{name}"

    def output_shape(self, shape: Shape) -> Shape:
        raise NotImplementedError("{mark}: what comes out; ShapeMismatch where `shape` cannot go in")

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        raise NotImplementedError("{mark}: the Keras layer, its draws seeded from `seeds`")
'''


def camel(name: str) -> str:
    """The class of a kind: ``two_moons`` is TwoMoons."""
    return "".join(part.capitalize() for part in name.split("_"))


def dataset(tree: Tree, name: str) -> None:
    """A module, its registration, a test."""
    folder, words = f"{LIBRARY}/vocabulary/datasets", {"name": name, "cls": camel(name), "mark": MARK}
    tree.create(f"{folder}/{name}.py", DATASET.format(**words))
    registry = tree.source(f"{folder}/registry.py")
    registry.add_import(f"gradlab.vocabulary.datasets.{name}", camel(name))
    registry.add_to_registry("DATASETS", f"    {camel(name)},")
    registry.save()
    tree.create(f"tests/unit/test_dataset_{name}.py", TEST_OF_DATASET.format(**words))


def layer(tree: Tree, name: str) -> None:
    """A module, its registration, an example, a case beside Keras's own layer."""
    folder = f"{LIBRARY}/vocabulary/layers"
    tree.create(f"{folder}/{name}.py", LAYER.format(name=name, cls=camel(name), mark=MARK))
    registry = tree.source(f"{folder}/__init__.py")
    registry.add_import(f"gradlab.vocabulary.layers.{name}", camel(name))
    registry.add_to_registry("LAYERS", f"    {camel(name)},")
    registry.save()
    examples = tree.source("tests/unit/test_layers.py")
    examples.add_to_registry("EXAMPLES", f'    {{"kind": "{name}"}},  # {MARK}: with fields that are not the defaults')
    examples.save()
    cases = tree.source("tests/integration/test_layers.py")
    cases.add_to_registry("CASES", f'    ({{"kind": "{name}"}}, (4,)),  # {MARK}: a shape that it takes, more cases')
    cases.save()
