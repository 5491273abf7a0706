"""Masks of time steps with targets: which reach an output, and which are refused."""

import json
from typing import Any

import numpy as np
import pytest

from gradlab.errors import Invalid
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from gradlab.spec.masks import steps_that_count

COPY = {"kind": "copy_memory", "samples": 60, "length": 12, "symbols": 2, "alphabet": 4, "one_hot": False}
EMBEDDING = {"kind": "embedding", "input_dim": 6, "output_dim": 3, "mask_zero": True}
GRU = {"kind": "gru", "units": 4, "return_sequences": True}
CONV = {"kind": "conv1d", "filters": 3, "kernel_size": 3, "padding": "same"}
OUT = {"kind": "dense", "units": 5, "activation": "softmax"}


def a_spec(*layers: dict[str, Any], nodes: list[dict[str, Any]] | None = None) -> ExperimentSpec:
    model = {"layers": [*layers, OUT]} if nodes is None else {"nodes": nodes, "outputs": ["out"]}
    training = {"loss": "categorical_crossentropy", "optimizer": "sgd", "epochs": 1}
    return parse(json.dumps({"dataset": COPY, "model": model, "training": training}))


@pytest.mark.parametrize(
    ("layers", "is_masked"),
    [
        ([EMBEDDING, GRU], True),
        ([{**EMBEDDING, "mask_zero": False}, GRU], False),
        ([EMBEDDING, {"kind": "residual", "layers": [{**GRU, "units": 3}]}], True),
        ([EMBEDDING, CONV, GRU], False),  # a convolution loses the mask
    ],
)
def test_a_mask_reaches_the_output_unless_a_layer_loses_it(layers, is_masked):
    mask = a_spec(*layers).only_output.mask
    assert (mask is not None) == is_masked
    if mask is not None:
        np.testing.assert_array_equal(steps_that_count(mask, np.array([[0.0, 2.0]])), [[False, True]])


@pytest.mark.parametrize(("query", "value", "is_masked"), [("masked", "plain", True), ("plain", "masked", False)])
def test_attention_hands_on_the_mask_of_its_query(query: str, value: str, is_masked: bool):
    attention = {"kind": "multi_head_attention", "num_heads": 1, "key_dim": 2}
    nodes = [
        {"name": "masked", "layer": EMBEDDING, "inputs": ["input"]},
        {"name": "plain", "layer": {**EMBEDDING, "mask_zero": False}, "inputs": ["input"]},
        {"name": "attention", "layer": attention, "inputs": [query, value]},
        {"name": "out", "layer": OUT, "inputs": ["attention"]},
    ]
    assert (a_spec(nodes=nodes).only_output.mask is not None) == is_masked


def test_masks_that_the_samples_do_not_decide_are_refused():
    with pytest.raises(Invalid, match="masks what another layer puts out"):
        a_spec({**EMBEDDING, "mask_zero": False}, {"kind": "masking"}, GRU)
    other = {**EMBEDDING, "output_dim": 3}
    nodes = [
        {"name": "one", "layer": EMBEDDING, "inputs": ["input"]},
        {"name": "other", "layer": other, "inputs": ["input"]},
        {"name": "both", "layer": {"kind": "add"}, "inputs": ["one", "other"]},
        {"name": "out", "layer": OUT, "inputs": ["both"]},
    ]
    with pytest.raises(Invalid, match="both joins the masks of several layers"):
        a_spec(nodes=nodes)
