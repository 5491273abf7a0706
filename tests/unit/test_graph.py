"""Networks that are graphs: what a spec may say, what is refused and where, and how it is written out."""

import pytest

from gradlab.diagnosis.unknown import Unknown
from gradlab.diagnosis.view_of_experiment import ExperimentView
from gradlab.errors import Invalid
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from gradlab.spec.network import depths, is_chain
from gradlab.spec.output import Output, output_of
from gradlab.theory import hidden_relus, predict
from gradlab.vocabulary.layers import ShapeMismatch
from gradlab.vocabulary.layers.merging import Add, Multiply
from tests.graphs import a_graph, dense, node, shared

OUTPUT = node("out", dense(1, "sigmoid"), "sum")
SKIP = [node("left", dense(4), "input"), node("again", dense(4), "left"), node("sum", "add", "left", "again"), OUTPUT]


def refusal(nodes, outputs=("out",), **more) -> str:
    with pytest.raises(Invalid) as refused:
        parse(a_graph(nodes, outputs, **more))
    return str(refused.value)


def test_the_layers_of_a_graph_are_its_nodes_in_the_order_of_the_forward_pass_whatever_the_order_in_the_spec():
    for nodes in (SKIP, SKIP[::-1]):
        spec = parse(a_graph(nodes))
        assert [layer.name for layer in spec.layers] == ["left", "again", "sum", "out"]
        assert spec.network[2].inputs == ("left", "again")
        assert [tensor.layer for layer in spec.layers for tensor in layer.tensors] == [
            name for name in ("left", "again", "out") for _ in range(2)
        ]
        assert depths(spec.layers, {"left", "again"}) == {"left": 1, "again": 2, "sum": 2, "out": 2}
    assert not is_chain(spec.network)


def test_the_canonical_text_of_a_graph_gives_the_same_spec_and_that_of_a_chain_has_no_trace_of_graphs():
    spec = parse(a_graph(SKIP))
    assert parse(spec.canonical()) == spec
    chain = ExperimentSpec.model_validate({**spec.model_dump(), "model": {"layers": [dense(1, "sigmoid")]}})
    assert '"model":{"layers":[{' in chain.canonical()
    assert "nodes" not in chain.canonical()
    assert is_chain(chain.network)


def test_weights_that_are_shared_are_counted_once_under_the_name_of_the_node_that_has_them():
    nodes = [node("left", dense(4), "input"), shared("again", "left", "input"), *SKIP[2:]]
    spec = parse(a_graph(nodes[::-1]))
    again, left, *_ = sorted(spec.layers, key=lambda layer: layer.name)
    assert (again.shares, again.tensors, again.parameter_count) == ("left", (), 0)
    assert (left.parameter_count, spec.parameter_count) == (12, 17)


def test_a_nested_graph_is_written_out_with_its_name_before_those_of_its_nodes_and_may_be_used_twice():
    block = {"kind": "residual", "layers": [dense(3), dense(3)]}
    inside = [node("a", dense(3), "x"), node("b", block, "a")]
    nodes = [
        {"name": "enc", "graph": {"inputs": ["x"], "nodes": inside, "outputs": ["a", "b"]}, "inputs": ["input"]},
        shared("enc2", "enc", "input"),
        node("cat", "concatenate", "enc.a", "enc2.b"),
        node("out", dense(1, "sigmoid"), "cat"),
    ]
    spec = parse(a_graph(nodes))
    assert [layer.name for layer in spec.layers][:4] == ["enc.a", "enc.b.dense_1", "enc.b.dense_2", "enc.b"]
    assert {layer.name: layer.shares for layer in spec.layers if layer.shares} == {
        f"enc2.{name}": f"enc.{name}" for name in ("a", "b.dense_1", "b.dense_2", "b")
    }
    assert (spec.layers[-2].inputs, spec.layers[-2].output_shape) == (("enc.a", "enc2.b"), (6,))
    assert spec.model.layer_count == len(spec.layers) == 10
    nodes[2]["inputs"] = ["enc", "enc2.b"]
    assert "model.nodes[2].inputs[0]: expected one of the outputs of enc: enc.a, enc.b" in refusal(nodes)
    nodes[2]["inputs"] = ["enc.c", "enc2.b"]
    assert "expected one of enc.a, enc.b" in refusal(nodes)


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([*SKIP[:3], {**OUTPUT, "inputs": ["sim"]}], "model.nodes[3].inputs[0]: expected the name of an input of out"),
        ([SKIP[0], SKIP[0], *SKIP[1:]], "model.nodes[1].name: expected a name that no other node"),
        ([SKIP[0], node("again", dense(4), "sum"), *SKIP[2:]], "again takes sum takes again"),
        ([*SKIP, node("spare", dense(4), "left")], "model.nodes[4]: expected a node that leads to an output (out)"),
        (SKIP[:3], "model.outputs[0]: expected the name of an output"),
        ([SKIP[0], node("again", dense(3), "left"), *SKIP[2:]], "or of size 1 along an axis; received (4,), (3,)"),
        ([*SKIP[:2], node("sum", dense(3), "left", "again"), OUTPUT], "sum can take one input; received 2: (4,), (4,)"),
        ([*SKIP[:2], node("sum", "add", "again"), OUTPUT], "sum can take two inputs or more"),
        ([*SKIP[:3], {**OUTPUT, "shares": "left"}], "expected one of layer, shares and graph; received layer and sh"),
        ([SKIP[0], shared("again", "left", "left"), *SKIP[2:]], "again can take (2,), as left"),
        ([SKIP[0], shared("again", "lefty", "left"), *SKIP[2:]], "(did you mean left?)"),
        ([{**SKIP[0], "name": "a/b"}, *SKIP[1:]], "model.nodes[0].name: expected text of the form"),
        ([{**SKIP[0], "layer": {**dense(4), "repeat": 2}}, *SKIP[1:]], "model.nodes[0].layer.repeat: expected 1"),
        ([*SKIP[:2], node("sum", {"kind": "concatenate", "axis": 0}, "left", "again"), OUTPUT], "an axis 0 behind"),
    ],
)  # fmt: skip
def test_what_a_graph_may_not_say_is_refused_with_its_place(nodes, said):
    assert said in refusal(nodes)


def test_a_drawn_dataset_has_one_input_and_output_and_at_most_as_many_layers_as_are_walked():
    assert "model.outputs: expected one of the outputs, as the dataset circles has" in refusal(SKIP, ("out", "left"))
    two = [SKIP[0], node("again", dense(4), "other"), *SKIP[2:]]
    assert "model.inputs: expected one of the inputs, as the dataset" in refusal(two, inputs=["input", "other"])
    assert "model.inputs[1]: expected an input that a node takes" in refusal(SKIP, inputs=["input", "other"])
    inside, number = {"nodes": [node("a", dense(4), "input")], "outputs": ["a"]}, 14
    for _ in range(number):  # each level doubles the one inside
        inside = {
            "nodes": [
                {"name": "a", "graph": inside, "inputs": ["input"]},
                {"name": "b", "shares": "a", "inputs": ["a"]},
            ],
            "outputs": ["b"],
        }
    nodes = [{"name": "sum", "graph": inside, "inputs": ["input"]}, OUTPUT]
    assert f"at most 10000 layers, repeats counted; received {2**number + 1} layers" in refusal(nodes)


def test_an_embedding_behind_a_concatenation_takes_the_range_of_all_that_comes_together():
    words = {"kind": "copy_memory", "samples": 20, "length": 6, "symbols": 2, "alphabet": 4, "one_hot": False}
    nodes = [
        node("twice", "concatenate", "input", "input"),
        node("table", {"kind": "embedding", "input_dim": 5, "output_dim": 2}, "twice"),
        node("half", "max_pooling1d", "table"),
        node("out", dense(5, "softmax"), "half"),
    ]
    assert "model.nodes[1].layer.input_dim: expected at least 6" in refusal(
        nodes, dataset=words, training={"loss": "categorical_crossentropy", "optimizer": "sgd", "epochs": 1}
    )


def test_pretraining_takes_a_graph_that_is_a_chain_alone():
    training = {"loss": "binary_crossentropy", "optimizer": "sgd", "epochs": 1, "pretraining": "greedy_layerwise"}
    assert "a graph that is no chain" in refusal(SKIP, training=training)
    assert parse(a_graph([*SKIP[:2], node("out", dense(1, "sigmoid"), "again")], training=training))


def test_the_output_of_a_graph_is_read_along_its_inputs_and_not_along_the_list():
    activation = {"kind": "activation", "activation": "sigmoid"}
    nodes = [
        node("logit", dense(1, "linear"), "input"),
        node("side", dense(1, "tanh"), "input"),
        node("sum", "add", "side", "logit"),
        node("out", activation, "sum"),
    ]
    assert output_of(parse(a_graph(nodes))) == Output("out", "sigmoid", "linear", True)
    plain = [*nodes[:2], node("out", activation, "side")]
    assert output_of(parse(a_graph(plain[1:]))) == Output("out", "sigmoid", "tanh", True)
    square = node("square", dense(2, "tanh"), "input")
    again = [square, shared("again", "square", "square"), node("out", dense(1, "sigmoid"), "again")]
    last = parse(a_graph([square, node("out", dense(1, "sigmoid"), "square")]))
    assert output_of(last) == Output("out", "sigmoid", "linear", True)
    assert parse(a_graph(again)).layers[-2].tensors == ()  # it has no weights of its own, and is hidden
    assert "again" in {layer.name for layer in ExperimentView(parse(a_graph(again)), None).hidden_layers}


def test_rules_see_which_layers_of_a_graph_are_hidden_and_which_stand_first():
    nodes = [
        node("wide", dense(4), "input"),
        node("narrow", dense(2), "input"),
        node("both", "concatenate", "wide", "narrow"),
        node("inner", dense(3), "both"),
        node("out", dense(1, "sigmoid"), "inner"),
    ]
    view = ExperimentView(parse(a_graph(nodes)), None)
    assert [layer.name for layer in view.hidden_layers] == ["wide", "narrow", "both", "inner"]
    assert [layer.name for layer in view.entrances] == ["wide", "narrow"]
    assert view.foremost(["wide", "narrow", "inner", "out"]) == [0, 1]
    assert not view.is_chain
    with pytest.raises(Unknown, match="its network is a graph"):
        view.need_chain()
    assert predict(view.network) is None
    chain = ExperimentView(parse(a_graph([nodes[0], node("out", dense(1, "sigmoid"), "wide")])), None)
    assert chain.is_chain
    assert predict(chain.network) is not None
    assert hidden_relus(chain.network)


def test_an_input_of_size_1_along_an_axis_is_merged_with_every_place_of_the_others():
    multiply, add = Multiply(), Add()
    assert multiply.merged_shape([(8, 8, 4), (1, 1, 4)]) == multiply.merged_shape([(1, 1, 4), (8, 8, 4)]) == (8, 8, 4)
    assert add.merged_shape([(3, 4), (1, 4)]) == (3, 4)
    for layer, shapes in ((add, [(1, 4), (3, 4)]), (multiply, [(3, 4), (2, 4)]), (multiply, [(3, 4), (4,)])):
        with pytest.raises(ShapeMismatch):
            layer.merged_shape(shapes)
