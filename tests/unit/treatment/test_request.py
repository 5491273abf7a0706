"""Requests for treatments: those that are taken, and the refusals of others."""

import pytest
from pydantic import ValidationError

from core.treatment import check_applicable
from gradlab.errors import Invalid
from gradlab.schemas.treatments import TreatmentRequest
from gradlab.spec.problems import from_pydantic
from tests.unit.diagnosis.histories import a_network
from tests.unit.treatment.worlds import DEEP_TANH


def refused(**asked):
    with pytest.raises(ValidationError) as error:
        TreatmentRequest.model_validate(asked)
    (problem,) = from_pydantic(error.value.errors(include_url=False))
    return problem


def test_by_default_the_diagnosis_chooses():
    asked = TreatmentRequest()
    assert (asked.remedies, asked.seeds, asked.budget) == (None, 8, 12)


def test_a_remedy_is_a_name_or_several_names_together():
    asked = TreatmentRequest.model_validate({"remedies": ["optimizer_adam", ["activation_relu", "fewer_layers"]]})
    assert asked.remedies == (("optimizer_adam",), ("activation_relu", "fewer_layers"))
    assert TreatmentRequest.model_validate_json(asked.model_dump_json()) == asked


@pytest.mark.parametrize(
    ("asked", "field", "expected"),
    [
        ({"budget": 0}, "budget", "at least 1"),
        ({"seeds": 4}, "seeds", "at least 5"),
        ({"remedies": []}, "remedies", "at least 1"),
        ({"remedies": [[]]}, "remedies[0]", "at least 1"),
        ({"remedies": ["relu"]}, "remedies", "one of"),
        ({"remedies": ["batch_norm"]}, "remedies", "did you mean batch_normalization?"),
        ({"remedies": ["dropout", ["dropout"]]}, "remedies", "each change once"),
        ({"remedy": "dropout"}, "remedy", "no such field"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_field(asked, field, expected):
    problem = refused(**asked)
    assert problem.field == field
    assert expected in problem.expected


def test_a_remedy_that_does_not_apply_is_refused_by_its_place_and_all_are_named():
    asked = TreatmentRequest.model_validate({"remedies": ["optimizer_adam", "lstm_for_simple_rnn", "activation_tanh"]})
    with pytest.raises(Invalid) as error:
        check_applicable(asked, DEEP_TANH)
    assert [problem.field for problem in error.value.problems] == ["remedies[1]", "remedies[2]"]
    assert "a hidden simple_rnn layer" in error.value.problems[0].expected


def test_batch_normalisation_does_not_apply_to_a_network_that_has_it():
    norm = {"kind": "batch_normalization"}
    hidden = {"kind": "dense", "units": 5}
    spec = a_network(hidden, norm, {"kind": "activation", "activation": "tanh"})
    with pytest.raises(Invalid, match="batch_normalization"):
        check_applicable(TreatmentRequest.model_validate({"remedies": ["batch_normalization"]}), spec)


def test_remedies_that_exclude_each_other_are_refused():
    asked = TreatmentRequest.model_validate({"remedies": [["activation_relu", "activation_elu"]]})
    with pytest.raises(Invalid, match="remedies that go together"):
        check_applicable(asked, DEEP_TANH)


def test_a_budget_below_what_was_chosen_is_refused():
    asked = TreatmentRequest.model_validate({"remedies": ["optimizer_adam", "activation_relu"], "budget": 1})
    with pytest.raises(Invalid, match="at least 2, one trial for each"):
        check_applicable(asked, DEEP_TANH)


def test_what_applies_passes():
    check_applicable(TreatmentRequest(), DEEP_TANH)
    check_applicable(TreatmentRequest.model_validate({"remedies": ["optimizer_adam"]}), DEEP_TANH)


def test_a_step_and_the_same_step_twice_are_two_changes():
    step = "learning_rate_higher"
    asked = TreatmentRequest.model_validate({"remedies": [step, [step, step]]})
    assert asked.remedies == ((step,), (step, step))
    assert refused(remedies=[[step, step], [step, step]]).received == f"{step} with {step} twice"
