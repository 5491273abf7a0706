"""Scaffolds of what is measured: a statistic, a kind of series."""

from collections.abc import Mapping
from typing import Literal

from scripts.scaffold import MARK
from scripts.scaffold.tree import LIBRARY, Tree

# The kinds of series whose statistics have a module of their own.
Kind = Literal["gradients", "weights", "activations", "signals"]
# What the functions of each are given.
ARGUMENTS: Mapping[Kind, str] = {
    "gradients": "g: Array, xp: Any",
    "weights": "w: Array, v: Array, xp: Any",
    "activations": "flow: Flow, xp: Any",
    "signals": "delta: Array, xp: Any",
}
STATISTIC = """
def {name}({arguments}) -> Array:
    raise NotImplementedError("{mark}: the formula; the module's docstring says what comes in")
"""
ENTRY = '    Statistic("{name}", "{mark}: formula", "linear", "{mark}: unit", "{mark}: what a reader learns", {name}),'
BY_HAND = '    "{name}": lambda *parts: NotImplemented,  # {mark}: the same number worked out another way'
KIND = '''
"""{mark}: what is measured, and when."""

from typing import Any

from gradlab.measurement.kinds.kind import MeasuredNetwork, RecordField, SeriesKind
from gradlab.measurement.statistics import Statistic


def {name}_size(w: Any, xp: Any) -> Any:
    raise NotImplementedError("{mark}: a number of each tensor, from (..., n) to (...)")


{constant} = SeriesKind(
    name="{name}",
    title="{title}",
    noun="{mark}",
    description="{mark}: what its endpoint answers.",
    path="{name}",
    record=RecordField(
        name="{name}", description="{mark}: what the field decides.", default=0, sent_description=None
    ),
    source="weights",
    shown_as="statistic",
    tensors=MeasuredNetwork.weights,
    statistics=(
        Statistic("{name}_size", "{mark}: formula", "log", "{mark}: unit", "{mark}: meaning", {name}_size),
    ),
    default="{name}_size",
    read_by_rules=False,
    is_sent=False,
)
'''
TEST_OF_KIND = '''
"""{mark}: what the statistics of `{name}` agree with, in one line."""

import numpy as np

from gradlab.measurement.kinds.{name} import {name}_size


def test_{name}_size_of_a_tensor_whose_number_is_known():
    assert {name}_size(np.array([3.0, 4.0]), np) == NotImplemented  # {mark}
'''
MEASURER = '''
def of_{name}(given: WeightRows) -> np.ndarray:
    """Measure each tensor: (epochs, seeds, tensors, columns)."""
    raise NotImplementedError("{mark}: from the rows that were left behind")
'''


def statistic(tree: Tree, kind: Kind, name: str) -> None:
    """A function with its entry, and the same number by hand."""
    words = {"name": name, "mark": MARK}
    module = tree.source(f"{LIBRARY}/measurement/statistics/{kind}.py")
    module.add_function(STATISTIC.format(arguments=ARGUMENTS[kind], **words))
    module.add_to_registry(f"{kind.removesuffix('s').upper()}_STATISTICS", ENTRY.format(**words))
    module.save()
    by_hand = tree.source("tests/unit/test_statistics.py")
    by_hand.add_to_registry(f"{kind.upper()}_BY_HAND", BY_HAND.format(**words))
    by_hand.save()


def kind(tree: Tree, name: str) -> None:
    """A kind with one statistic of weights, its registration, its measurer, a test."""
    words = {"name": name, "constant": name.upper(), "title": name.replace("_", " ").capitalize(), "mark": MARK}
    folder = f"{LIBRARY}/measurement/kinds"
    tree.create(f"{folder}/{name}.py", KIND.format(**words))
    registry = tree.source(f"{folder}/__init__.py")
    registry.add_import(f"gradlab.measurement.kinds.{name}", name.upper())
    registry.add_to_registry("KINDS", f"    {name.upper()},")
    registry.save()
    measurers = tree.source("core/training/measurers.py")
    measurers.add_function(MEASURER.format(**words), after="of_")
    measurers.add_to_registry("FROM_WEIGHTS", f'    "{name}": of_{name},')
    measurers.save()
    tree.create(f"tests/unit/test_kind_{name}.py", TEST_OF_KIND.format(**words))
