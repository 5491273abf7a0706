"""Remedies rewrite a graph node by node: new nodes stand behind the old, and shared weights stay shared."""

import ast

import pytest

from gradlab.errors import Invalid
from gradlab.remedies import applicable, difference, remedy
from gradlab.spec import ExperimentSpec
from gradlab.translate import keras_code_of
from tests.graphs import node, shared
from tests.unit.remedies.networks import EXPERIMENTS, NORM, SIGMOID, dense, of_graph, residual

SKIP = EXPERIMENTS["graph with a skip connection"]
CHAIN = EXPERIMENTS["graph that is a chain"]
TWICE = EXPERIMENTS["graph with a shared encoder"]


def wiring(spec: ExperimentSpec) -> dict[str, tuple[str, ...]]:
    """The inputs of each layer, without those of layers inside blocks."""
    return {layer.name: layer.inputs[:1] if layer.inner else layer.inputs for layer in spec.network}


def paths(before: ExperimentSpec, after: ExperimentSpec) -> list[str]:
    return [each.path for each in difference(before, after)]


def test_layers_that_are_inserted_stand_between_a_node_and_whatever_took_its_output():
    after = remedy("batch_normalization").apply(SKIP)
    assert wiring(after) == {
        "first": ("input",),
        "first_batch_normalization": ("first",),
        "first_activation": ("first_batch_normalization",),
        "second": ("first_activation",),
        "second_batch_normalization": ("second",),
        "sum": ("first_activation", "second_batch_normalization"),
        "relu": ("sum",),
        "logit": ("relu",),
        "out": ("logit",),
    }
    assert {layer.name: layer.spec.kind for layer in after.layers}["first_activation"] == "activation"
    assert paths(SKIP, after) == ["model.first.before_activation", "model.second.behind"]


def test_a_second_use_of_a_node_uses_what_replaced_it_too():
    spec = of_graph(
        node("one", dense(4, "relu"), "input"), node("turned", dense(2), "one"), shared("two", "one", "turned"),
        node("sum", "add", "one", "two"), node("out", SIGMOID, "sum"),
    )  # fmt: skip
    after = remedy("layer_normalization").apply(spec)
    assert {layer.name: layer.shares for layer in after.layers if layer.shares} == {
        "two": "one",
        "two_layer_normalization": "one_layer_normalization",
        "two_activation": "one_activation",
    }
    assert wiring(after)["sum"] == ("one_activation", "two_activation")
    assert remedy("layer_normalization").apply(spec).parameter_count == spec.parameter_count + 2 * 4


def test_layers_in_nested_graphs_are_changed_once_for_all_uses():
    after = remedy("initializer_for_activation").apply(TWICE)
    drawn = {layer.name: layer.spec.kernel_initializer.kind for layer in after.layers if layer.spec.kind == "dense"}
    assert drawn["left.a"] == drawn["right.a"] == "glorot_uniform"
    assert wiring(after) == wiring(TWICE)
    relu = remedy("activation_relu").apply(TWICE)
    assert {layer.spec.activation.kind for layer in relu.layers if layer.name.endswith("dense_1")} == {"relu"}
    dropped = remedy("dropout").apply(TWICE)
    assert wiring(dropped)["right.a_dropout"] == ("right.a",)
    assert [layer.kind for layer in dropped.model.by_name["left"].graph.by_name["b"].layer.layers] == [
        "dense", "dropout", "dense", "dropout",
    ]  # fmt: skip


def test_layers_are_left_out_and_wrapped_where_one_node_follows_another():
    after = remedy("fewer_layers").apply(CHAIN)
    assert wiring(after) == {"first": ("input",), "out": ("first",)}
    blocks = remedy("residual_connections").apply(CHAIN)
    assert [layer.spec.kind for layer in blocks.network] == ["dense", "residual", "residual", "dense"]
    assert wiring(blocks) == wiring(CHAIN)
    assert paths(CHAIN, blocks) == ["model.second.around", "model.third.around"]
    for name in ("fewer_layers", "residual_connections"):  # what is added to its own input is not left out, nor wrapped
        with pytest.raises(Invalid, match=r"model\.nodes"):
            remedy(name).apply(SKIP)


def test_the_output_is_matched_to_the_task_in_a_graph_too():
    after = remedy("output_matched_to_task").apply(SKIP)
    assert [(layer.name, layer.spec.activation.kind) for layer in after.layers[-1:]] == [("logit", "sigmoid")]
    assert after.model.outputs == ("logit",)
    joined = of_graph(
        node("a", dense(1, "linear"), "input"), node("b", dense(1, "linear"), "input"), node("out", "add", "a", "b")
    )
    with pytest.raises(Invalid, match="an output of one layer with weights"):
        remedy("output_matched_to_task").apply(joined)


def test_other_wiring_is_a_difference_and_other_names_are_none():
    nodes = [node("a", dense(4), "input"), node("b", dense(4), "a"), node("c", dense(4), "a")]
    last = [node("sum", "add", "b", "c"), node("out", SIGMOID, "sum")]
    spec = of_graph(*nodes, *last)
    other = of_graph(*nodes[:2], node("c", dense(4), "b"), *last)
    assert [(each.path, each.before, each.after) for each in difference(spec, other)] == [
        ("model.c.inputs", ["a"], ["b"])
    ]
    again = of_graph(*nodes[:2], shared("c", "b", "a"), *last)
    assert ("model.c.shares", None, "b") in [(each.path, each.before, each.after) for each in difference(spec, again)]
    renamed = of_graph(
        node("x", dense(4), "input"), node("y", dense(4), "x"), node("z", dense(4), "x"),
        node("s", "add", "y", "z"), node("o", SIGMOID, "s"),
    )  # fmt: skip
    assert difference(spec, renamed) == ()
    block = of_graph(node("a", residual(dense(2)), "input"), node("norm", NORM, "a"), node("out", SIGMOID, "norm"))
    assert [each.path for each in difference(spec, block)][-1] == "model"


@pytest.mark.slow
@pytest.mark.parametrize("title", [title for title in EXPERIMENTS if title.startswith("graph")])
def test_what_a_remedy_changes_in_a_graph_is_written_as_keras_code(title):
    spec, written = EXPERIMENTS[title], 0
    for each in applicable(spec):
        text = keras_code_of(spec, each.apply(spec))
        if text is not None:
            ast.parse(text)
            written += 1
    assert written > 10
