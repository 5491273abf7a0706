"""Remedies of a network with several inputs and outputs: what is well stays as it is."""

from typing import Any

import pytest

from gradlab.errors import Invalid
from gradlab.remedies import applicable, difference, remedy
from gradlab.spec import ExperimentSpec
from tests.graphs import dense, node
from tests.several import MODEL, two_ends

MATCHED = remedy("output_matched_to_task")


def a_spec(*nodes: Any, **changes: Any) -> ExperimentSpec:
    """The network of two ends, with these nodes in place of those of the same names."""
    named = {each["name"]: each for each in (*MODEL["nodes"], *nodes)}
    return ExperimentSpec.model_validate(two_ends(model__nodes=[*named.values()], **changes))


def changed(before: ExperimentSpec, name: str) -> dict[str, Any]:
    """The fields that a remedy changes: the values afterwards by their places."""
    return {each.path: each.after for each in difference(before, remedy(name).apply(before))}


class TestOutputMatchedToTask:
    def test_only_the_head_that_does_not_fit_is_changed(self):
        spec = a_spec(node("price", dense(1, "sigmoid"), "hidden"))
        assert changed(spec, MATCHED.name) == {"model.price.activation": {"kind": "linear"}}

    def test_the_loss_of_one_output_is_changed_by_its_name(self):
        loss = {"price": "huber", "sort": "mean_squared_error"}
        after = MATCHED.apply(a_spec(training__loss=loss))
        assert [each.loss.kind for each in after.outputs] == ["huber", "categorical_crossentropy"]
        assert after.model == a_spec().model

    def test_one_loss_for_all_becomes_one_for_each(self):
        after = MATCHED.apply(a_spec(training__loss="mean_squared_error"))
        assert [each.loss.kind for each in after.outputs] == ["mean_squared_error", "categorical_crossentropy"]

    def test_both_heads_are_changed_where_both_do_not_fit(self):
        price, sort = node("price", dense(1, "relu"), "hidden"), node("sort", dense(3, "linear"), "hidden")
        places = changed(a_spec(price, sort), MATCHED.name)
        assert places == {"model.price.activation": {"kind": "linear"}, "model.sort.activation": {"kind": "softmax"}}

    def test_a_head_that_others_take_stays(self):
        sort = node("sort", dense(3, "softmax"), "price")
        with pytest.raises(Invalid, match="an output that no other layer takes"):
            MATCHED.apply(a_spec(node("price", dense(1, "sigmoid"), "hidden"), sort))

    def test_a_network_that_fits_is_not_changed(self):
        assert MATCHED not in applicable(a_spec())


class TestScaling:
    def test_the_targets_of_outputs_that_predict_values_are_scaled(self):
        spec = a_spec()
        assert changed(spec, "target_scaling") == {
            "dataset.prepare": [{"kind": "standardise", "columns": ["value"], "each": "number"}]
        }
        with pytest.raises(Invalid, match="no step that standardises targets"):
            remedy("target_scaling").apply(remedy("target_scaling").apply(spec))

    def test_the_inputs_of_numbers_are_scaled_once(self):
        spec = a_spec()
        scaled = remedy("input_scaling").apply(spec)
        assert [step.columns for step in scaled.dataset.prepare] == [("a", "b", "c")]
        with pytest.raises(Invalid, match="no step that scales every input"):
            remedy("input_scaling").apply(scaled)

    def test_an_input_of_an_embedding_stays_as_it_is(self):
        embedding = node("b", {"kind": "embedding", "input_dim": 9, "output_dim": 4}, "right")
        flat = node("flat", {"kind": "flatten"}, "b")
        both = node("both", {"kind": "concatenate"}, "a", "flat")
        inputs = [{"name": "left", "shape": [2]}, {"name": "right", "shape": [1], "whole_below": 9}]
        spec = a_spec(embedding, flat, both, dataset__samples__inputs=inputs)
        scaled = remedy("input_scaling").apply(spec)
        assert [step.columns for step in scaled.dataset.prepare] == [("a", "b")]
        assert [each.whole_below for each in scaled.inputs] == [None, 9]


def test_an_output_that_others_take_is_no_hidden_layer():
    nodes = node("price", dense(1, "tanh"), "hidden"), node("sort", dense(3, "softmax"), "price")
    after = remedy("activation_relu").apply(a_spec(*nodes))
    assert [each.layer.spec.activation.kind for each in after.outputs] == ["tanh", "softmax"]
    assert {each.spec.activation.kind for each in after.layers if each.name in ("a", "b", "hidden")} == {"relu"}


@pytest.mark.parametrize("name", ["batch_normalization", "activation_relu", "dropout"])
def test_remedies_of_hidden_layers_leave_every_output_as_it_is(name):
    spec = a_spec()
    before, after = ({each.name: each.layer.spec for each in made.outputs} for made in (spec, remedy(name).apply(spec)))
    assert before == after
