"""The shelf of remedies: signed up, documented, found by name; and what holds of every one of them."""

import re
from contextlib import suppress
from functools import cache

import pytest

from gradlab.diagnosis.rules import RULES
from gradlab.errors import Invalid
from gradlab.remedies import REMEDIES, applicable, remedy
from gradlab.remedies.rewriting.layers import end_of, split_output
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from gradlab.spec.graph import GraphSpec
from tests.unit.remedies.networks import EXPERIMENTS, SIGMOID, an_experiment, dense

# A rate may be changed again, half of the layers halved, and what is longer made longer still.
REPEATABLE = {
    "learning_rate_lower", "learning_rate_tripled", "learning_rate_higher", "fewer_layers", "batch_size_smaller",
    "more_epochs",
}  # fmt: skip

by_name = pytest.mark.parametrize("each", REMEDIES, ids=lambda each: each.name)


def test_a_remedy_says_what_it_treats_what_it_changes_and_where_it_comes_from():
    for each in REMEDIES:
        assert len(set(each.treats)) == len(each.treats), each.name
        assert each.title, each.name
        assert each.changes.endswith("."), each.name
        assert any(character.isdigit() for character in each.source), f"the source of {each.name} has no year"


def test_remedies_that_are_applied_together_have_a_settled_order():
    orders = [each.order for each in REMEDIES]
    assert orders == sorted(set(orders))


def test_a_remedy_is_found_by_its_name():
    assert [remedy(each.name) for each in REMEDIES] == [*REMEDIES]


def test_a_remedy_treats_rules_and_all_that_name_it():
    for each in REMEDIES:
        assert set(each.treats) <= {rule.name for rule in RULES}, each.name
        assert {rule.name for rule in RULES if each.name in rule.remedies} <= set(each.treats), each.name


def test_every_remedy_that_a_rule_names_is_on_the_shelf():
    assert {name for rule in RULES for name in rule.remedies} <= {each.name for each in REMEDIES}


def test_an_unknown_remedy_is_refused_with_the_one_that_was_probably_meant():
    with pytest.raises(Invalid) as refused:
        remedy("batch_normalisation")
    (problem,) = refused.value.problems
    assert problem.field == "remedies"
    assert problem.expected.endswith("(did you mean batch_normalization?)")
    assert problem.received == "batch_normalisation"


def test_what_is_applicable_are_the_remedies_that_do_not_refuse():
    names = {each.name for each in applicable(an_experiment(SIGMOID))}
    assert names >= {
        "input_scaling", "optimizer_adam", "learning_rate_lower", "learning_rate_tripled", "learning_rate_higher",
        "clip_by_global_norm", "batch_size_smaller", "more_epochs", "early_stopping",
    }  # fmt: skip
    # A network without hidden layers has none to change.
    assert not {
        name for name in names if name.startswith(("activation", "initializer", "orthogonal", "fewer", "wider"))
    }


@cache
def treated(name: str) -> dict[str, ExperimentSpec]:
    """The experiments that a remedy applies to, as it changes them."""
    made = {}
    for title, spec in EXPERIMENTS.items():
        with suppress(Invalid):
            made[title] = remedy(name).apply(spec)
    return made


@by_name
def test_a_remedy_applies_to_something_and_not_to_everything(each):
    assert 0 < len(treated(each.name)) < len(EXPERIMENTS)


@by_name
def test_a_treated_spec_is_another_valid_one(each):
    for title, after in treated(each.name).items():
        spec = EXPERIMENTS[title]
        assert parse(after.canonical()) == after, title
        assert after.model_copy(update={"name": spec.name}) != spec, title
        assert after.name == f"{spec.name} + {each.name}", title
        assert (after.seeds, after.record) == (spec.seeds, spec.record)
        if each.name != "more_epochs":
            assert after.training.epochs == spec.training.epochs


@by_name
def test_a_refusal_says_where_what_was_needed_and_what_came(each):
    for title, spec in EXPERIMENTS.items():
        if title not in treated(each.name):
            with pytest.raises(Invalid) as refused:
                each.apply(spec)
            for problem in refused.value.problems:
                assert re.match(r"(dataset|model|training)\b", problem.field), title
                assert problem.expected, title
                assert problem.received, title


def ending(spec: ExperimentSpec) -> tuple:
    """The output layer, and the layers behind it."""
    if isinstance(spec.model, GraphSpec):
        output, *behind = (named.spec for named in end_of(spec, spec.network[-1]))
        return output, tuple(behind)
    return split_output(spec.model.layers)[1:]


def test_only_its_own_remedy_touches_the_output():
    others = [each.name for each in REMEDIES if each.name != "output_matched_to_task"]
    for name, (title, after) in ((other, change) for other in others for change in treated(other).items()):
        spec = EXPERIMENTS[title]
        output, behind = ending(spec)
        if not output.inner:  # a block may hold hidden layers too
            assert ending(after) == (output, behind), (name, title)
        assert after.layers[-1].output_shape == spec.layers[-1].output_shape, (name, title)


@by_name
def test_what_has_been_treated_is_not_treated_so_again(each):
    again = []
    for title, after in treated(each.name).items():
        with suppress(Invalid):
            each.apply(after)
            again.append(title)
    assert again == [] or each.name in REPEATABLE


@pytest.mark.parametrize("name", sorted(REPEATABLE))
def test_what_may_be_repeated_comes_to_an_end(name):
    spec = EXPERIMENTS["deep tanh, U(0, 1)"]
    for _ in range(10):
        if remedy(name) not in applicable(spec):
            return
        spec = remedy(name).apply(spec)
    pytest.fail(f"{name} applies again and again")


def test_a_long_name_keeps_its_beginning_and_what_was_done():
    spec = an_experiment(dense(), SIGMOID).model_copy(update={"name": "long " * 40})
    name = remedy("dropout").apply(spec).name
    assert len(name) == 200
    assert name.startswith("long long ")
    assert name.endswith(" + dropout")
