"""Several remedies at once: in a fixed order, and only what goes together."""

from itertools import permutations

import pytest

from gradlab.errors import Invalid
from gradlab.remedies import REMEDIES, combine
from gradlab.remedies.rewriting.combination import EITHER_OR
from tests.unit.remedies.networks import EXPERIMENTS, LINEAR, SIGMOID, SUMS, an_experiment, dense, of_values, rnn

DEEP_TANH = EXPERIMENTS["deep tanh, U(0, 1)"]


def refusal(spec, *names):
    with pytest.raises(Invalid) as refused:
        combine(spec, names)
    (problem,) = refused.value.problems
    return problem


@pytest.mark.slow
def test_the_order_in_which_remedies_are_named_does_not_matter():
    names = ["learning_rate_higher", "optimizer_adam", "batch_normalization", "activation_relu"]
    combined = {combine(DEEP_TANH, order).canonical() for order in permutations(names)}
    assert len(combined) == 1
    together = combine(DEEP_TANH, names)
    assert together.training.optimizer.kind == "adam"
    assert together.training.optimizer.learning_rate == 0.01
    kinds = [layer.kind for layer in together.model.layers]
    assert kinds == ["dense", "batch_normalization", "activation"] * 5 + ["dense"]
    assert together.model.layers[0].kernel_initializer.kind == "he_uniform"
    assert together.name == "it + activation_relu + batch_normalization + optimizer_adam + learning_rate_higher"


def test_a_norm_and_an_activation_are_inside_the_block_that_goes_around_them():
    together = combine(DEEP_TANH, ["residual_connections", "layer_normalization", "dropout"])
    first, second, *_ = [layer for layer in together.model.layers if layer.kind == "residual"]
    assert [layer.kind for layer in first.layers] == ["dense", "layer_normalization", "activation", "dropout"]
    assert first == second


@pytest.mark.parametrize("one", [name for names in EITHER_OR for name in names[:1]])
def test_of_those_that_exclude_each_other_both_are_named(one):
    for other in next(names for names in EITHER_OR if one in names)[1:]:
        problem = refusal(DEEP_TANH, one, other)
        assert (problem.field, problem.received) == ("remedies", f"{one} and {other}")


def test_either_or_names_remedies_only():
    assert {name for names in EITHER_OR for name in names} <= {each.name for each in REMEDIES}


def test_none_at_all_and_one_twice_are_refused():
    assert refusal(DEEP_TANH).received == "none"
    assert refusal(DEEP_TANH, "dropout", "dropout").received == "dropout twice"
    assert "did you mean dropout?" in refusal(DEEP_TANH, "drop_out").expected


def test_a_step_may_be_taken_twice():
    rate = DEEP_TANH.training.optimizer.learning_rate
    factors = {"learning_rate_higher": 10, "learning_rate_tripled": 3, "learning_rate_lower": 0.1}
    for step, factor in factors.items():
        twice = combine(DEEP_TANH, [step, step])
        assert twice.training.optimizer.learning_rate == pytest.approx(rate * factor**2)
    assert combine(DEEP_TANH, ["more_epochs"] * 2).training.epochs == 16 * DEEP_TANH.training.epochs
    assert DEEP_TANH.training.batch_size == 16
    assert combine(DEEP_TANH, ["batch_size_smaller"] * 2).training.batch_size == 1
    assert {each.name for each in REMEDIES if each.steps} == {*factors, "more_epochs", "batch_size_smaller"}


def test_what_one_remedy_makes_another_may_not_apply_to_and_both_are_named():
    problem = refusal(DEEP_TANH, "initializer_for_activation", "activation_relu")
    assert problem.expected.startswith("for initializer_for_activation after activation_relu: ")
    spec = of_values(rnn(recurrent_initializer="glorot_uniform"), LINEAR, dataset=SUMS)
    problem = refusal(spec, "orthogonal_recurrent", "lstm_for_simple_rnn")
    assert problem.expected.startswith("for orthogonal_recurrent after lstm_for_simple_rnn: ")
    problem = refusal(an_experiment(dense(), SIGMOID), "fewer_layers", "optimizer_adam")
    assert problem.expected.startswith("for fewer_layers: ")
