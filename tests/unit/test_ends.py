"""Several inputs and outputs in a spec: their names, shapes, losses and metrics, and what does not fit them."""

import json

import pytest

from gradlab.errors import Invalid
from gradlab.frozen import ByName
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from gradlab.spec.output import answer_threshold, loss_takes_logits, output_of
from tests.graphs import dense, node
from tests.several import MODEL, SAMPLES, two_ends


def spec(**changes: object) -> ExperimentSpec:
    return parse(json.dumps(two_ends(**changes)))


def refusal(**changes: object) -> str:
    with pytest.raises(Invalid) as refused:
        spec(**changes)
    return str(refused.value)


def test_inputs_and_outputs_have_their_shapes_targets_and_losses():
    two = spec()
    assert [(each.name, each.shape) for each in two.inputs] == [("left", (2,)), ("right", (1,))]
    price, sort = two.outputs
    assert (price.name, price.layer.name, price.loss.kind, price.weight) == (
        "price",
        "price",
        "mean_squared_error",
        0.5,
    )
    assert (sort.target.count, sort.class_names, sort.one_hot, sort.weight) == (3, ("ant", "bee", "cat"), True, 1.0)
    assert two.dataset.value_count == 3
    assert not two.dataset.has_boundary
    with pytest.raises(LookupError, match="several outputs: price, sort"):
        _ = two.one_hot
    with pytest.raises(LookupError, match="several inputs: left, right"):
        _ = two.dataset.feature_shape


def test_a_spec_with_one_output_has_its_ends_too():
    training = {"loss": "categorical_crossentropy", "optimizer": "adam", "epochs": 1}
    chain = {"layers": [dense(3, "softmax")]}
    one = parse(json.dumps({"dataset": {"kind": "iris"}, "model": chain, "training": training}))
    (entry,), (output,) = one.inputs, one.outputs
    assert (entry.name, entry.shape) == ("input", (4,))
    assert (output.name, output.prefix, output.layer, output.path) == ("", "", one.layers[-1], "model.layers[0]")
    assert one.layout.metrics[:4] == ("loss", "accuracy", "val_loss", "val_accuracy")


def test_metrics_are_named_as_keras_names_them():
    names = spec().metric_names
    assert names == ("price_loss", "sort_loss", "price_mean_absolute_error", "price_r2_score", "sort_accuracy")
    assert spec().layout.metrics[:12] == ("loss", *names, *(f"val_{each}" for each in ("loss", *names)))
    one = spec(training__metrics={"sort": ["accuracy"]}, training__early_stopping={"monitor": "val_sort_accuracy"})
    assert one.metric_names == ("price_loss", "sort_loss", "sort_accuracy")
    assert one.training.early_stopping.larger_is_better
    assert not spec(training__early_stopping={"monitor": "price_loss"}).training.early_stopping.larger_is_better


def test_the_canonical_text_reads_back_whatever_the_order_of_names():
    turned = two_ends()
    turned["dataset"]["target"] = dict(reversed(turned["dataset"]["target"].items()))
    assert parse(json.dumps(turned)) == spec()
    assert parse(spec().canonical()) == spec()
    assert parse(spec().canonical()).fingerprint() == spec().fingerprint()
    assert hash(spec()) == hash(parse(json.dumps(turned)))
    assert isinstance(spec().training.loss, ByName)


def test_each_output_has_its_own_last_activation_and_threshold():
    two = spec(model__nodes=[*MODEL["nodes"][:4], node("price", dense(1, "sigmoid"), "hidden"), MODEL["nodes"][5]])
    price, sort = two.outputs
    assert [output_of(two, each).activation for each in two.outputs] == ["sigmoid", "softmax"]
    assert [loss_takes_logits(two, each) for each in two.outputs] == [False, True]
    assert (answer_threshold(two, price), answer_threshold(two, sort)) == (0.5, 0.5)


def test_an_output_of_a_nested_graph_is_named_by_its_source():
    inner = {"nodes": [node("p", dense(1, "linear"), "input"), node("s", dense(3, "softmax"), "input")],
             "outputs": ["p", "s"]}  # fmt: skip
    named = {"head.p": "values", "head.s": "classes"}
    samples = json.loads(json.dumps(SAMPLES))
    for each, name in zip(samples["outputs"], named, strict=True):
        each["name"] = name
    two = spec(
        model__nodes=[*MODEL["nodes"][:4], {"name": "head", "graph": inner, "inputs": ["hidden"]}],
        model__outputs=list(named),
        dataset__task=named,
        dataset__target={"head.p": "value", "head.s": "label"},
        dataset__samples=samples,
        training__loss={"head.p": "huber", "head.s": "kl_divergence"},
        training__loss_weights={"head.s": 2.0},
    )
    assert [(each.layer.name, each.loss.kind, each.weight) for each in two.outputs] == [
        ("head.p", "huber", 1.0),
        ("head.s", "kl_divergence", 2.0),
    ]
    assert "head.p_r2_score" in two.metric_names


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"dataset__features": ["a", "b"], "filled": False}, "dataset.features: expected an object with the"),
        ({"dataset__features": {"left": ["a"], "rigth": ["c"]}, "filled": False}, "(did you mean right?)"),
        ({"dataset__features": {"left": ["a"]}, "filled": False}, "dataset.features.right: expected the columns"),
        ({"dataset__target": {"price": "value"}, "filled": False, "dataset__task": "values"},
         "dataset.target.sort: expected the columns to predict of each output: price, sort; received nothing"),
        ({"dataset__target": "value", "filled": False, "dataset__task": "values"}, "dataset.target: expected an"),
        ({"dataset__task": {"price": "values", "srot": "classes"}}, "dataset.task: expected a task for each output"),
        ({"dataset__target": {"price": "value", "sort": None}}, "dataset.target.sort: expected the column to predict"),
        ({"dataset__target": {"price": "a", "sort": "label"}}, "dataset.target: expected another column than those of"),
        ({"dataset__split": {"kind": "stratified"}}, "dataset.split: expected a split for several outputs"),
        ({"training__loss": {"price": "mean_squared_error"}}, "training.loss.sort: expected the loss of each output"),
        ({"training__loss": {"price": "mse", "sort": "kl_divergence"}}, "training.loss.price: expected one of"),
        ({"training__loss": "mean_absolute_percentage_error"}, "training.loss.sort: expected a loss for 3 classes of"),
        ({"training__loss_weights": {"cost": 1.0}}, "loss_weights: expected weight by output: one of price, sort"),
        ({"training__loss_weights": {"price": 0, "sort": 0}}, "training.loss_weights: expected a weight above 0"),
        ({"training__metrics": ["accuracy"]}, "training.metrics[0]: expected a metric for 1 value of price"),
        ({"training__metrics": {"sort": ["r2_score"]}}, "training.metrics.sort[0]: expected a metric for 3 classes"),
        ({"training__early_stopping": {"monitor": "val_accuracy"}}, "(did you mean val_sort_accuracy?)"),
        ({"training__class_weight": "balanced"}, "training.class_weight: expected null for a network with several"),
        ({"training__pretraining": "autoencoder"}, "training.pretraining: expected null for a network with several"),
        ({"record": {"boundary": 1}}, "record.boundary: expected 0"),
        ({"model__outputs": ["sort", "price"]}, "dataset.samples.outputs: expected the network's order: sort, price"),
        ({"dataset": {"kind": "iris"}}, "model.inputs: expected one of the inputs, as the dataset iris has"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_networks_ends_is_refused_with_its_place(changes, expected):
    assert expected in refusal(**changes)


def test_units_indices_and_metric_names_are_checked_for_each_output_and_input():
    few = [*MODEL["nodes"][:5], node("sort", dense(2, "softmax"), "hidden")]
    assert "model.outputs[1]: expected an output of shape (3,) for categorical_crossentropy" in refusal(
        model__nodes=few
    )
    embedding, flat = {"kind": "embedding", "input_dim": 5, "output_dim": 2}, node("a", {"kind": "flatten"}, "words")
    words = [node("words", embedding, "left"), flat, *MODEL["nodes"][1:]]
    samples = json.loads(json.dumps(SAMPLES))
    samples["inputs"][1]["whole_below"] = 5
    assert "model.nodes[0].layer: expected inputs that are whole" in refusal(
        model__nodes=words, dataset__samples=samples
    )
    twice = json.loads(json.dumps(two_ends()).replace('"price"', '"val"'))
    with pytest.raises(Invalid, match="val_loss twice"):
        parse(json.dumps(twice))


def test_objects_by_name_are_for_several_outputs():
    one = two_ends()
    one["model"] = {"layers": [dense(1, "linear")]}
    one["dataset"] |= {"features": ["a", "b"], "target": "value", "task": "values"}
    one["dataset"]["samples"] = {"train_count": 80, "val_count": 20, "feature_shape": [2],
                                 "target": {"kind": "values", "count": 1}}  # fmt: skip
    with pytest.raises(Invalid, match="loss: expected loss without a name, as the network has one output"):
        parse(json.dumps(one))
    one["training"] |= {"loss": "huber"}
    with pytest.raises(Invalid, match="loss_weights: expected weight without a name"):
        parse(json.dumps(one))
    one["training"] |= {"loss_weights": None}
    assert parse(json.dumps(one)).outputs[0].loss.kind == "huber"
