"""People's own `model.fit` with the two lines of a Watch: the root cause is named, and what is cured is not ill.

The table is the claim: for each report what its author was told to mend, as a rule's name. A rule that is not the
whole answer has a comment.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest

from gradlab.diagnosis import Diagnosis
from tests.cases import fits
from tests.cases.lab import rules

# Keras warns of a softmax over one unit, and of one before a loss on logits.
pytestmark = pytest.mark.filterwarnings("ignore:.*softmax over axis -1", "ignore:.*received `from_logits=True`")
Case = Callable[[bool], fits.Fit]


@dataclass(frozen=True)
class Illness:
    """The expected diagnosis of a case.

    Attributes:
        root: the root cause.
        beside: rules that have a finding, too.
        words: a part of the root cause's explanation.
        remedies: some that it offers.
    """

    root: str
    beside: frozenset[str] = frozenset()
    words: str = ""
    remedies: frozenset[str] = frozenset()


ILL: dict[Case, Illness] = {
    fits.softmax_over_one_unit: Illness(
        "output_mismatch",
        beside=frozenset({"contradicting_accuracy", "frozen_accuracy"}),
        remedies=frozenset({"output_matched_to_task"}),
    ),
    # Both are to be scaled. The rule on the inputs comes first.
    fits.quartic_unscaled: Illness("input_range", beside=frozenset({"target_range", "exploding_growth"})),
    fits.relu_output: Illness("output_mismatch", remedies=frozenset({"output_matched_to_task"})),
    fits.labels_divided: Illness("target_encoding", beside=frozenset({"contradicting_accuracy"}), words="labels"),
    # The loss for values is a finding beside it. That no weight moves comes first.
    fits.xor_by_absolute_error: Illness("learning_rate", beside=frozenset({"unsuited_loss", "few_updates"})),
    # The relu output is born dead. The mask is no fault: it leaves the ones, and with them how many there are.
    fits.masked_sequences: Illness("dead_network", beside=frozenset({"zero_gradient"})),
    fits.normalised_by_itself: Illness("single_value_normalization", remedies=frozenset({"batch_size_larger"})),
    fits.root_in_the_loss: Illness("nonfinite", words="square root"),
    fits.raw_features: Illness("input_range", remedies=frozenset({"input_scaling"})),
    fits.batches_of_one: Illness("oscillation", remedies=frozenset({"learning_rate_lower", "batch_size_larger"})),
}
# They learn as they were.
FINE: tuple[Case, ...] = (fits.softmax_called_logits, fits.base_inside_a_model)
CURED = {
    # Whether it learns is compared with the loss of a constant answer, which nobody knows of a loss of one's own.
    fits.root_in_the_loss: ("undecided", None),
    fits.relu_output: ("at risk", "born_dead_risk"),  # layers of four and two units are born dead in other draws
}
# Most of these fits validate on nothing.
NEVER_JUDGED = {"validation_scale", "overfitting"}
UNJUDGED = {
    fits.root_in_the_loss: {
        "ordered_batches", "output_mismatch", "class_imbalance", "loss_blow_up", "oscillation", "late_rise",
        "not_learning",
    },
    # Theory covers no Masking layer.
    fits.masked_sequences: {"initial_variance", "born_dead_risk", "predicted_exploding", "predicted_vanishing"},
}  # fmt: skip
# As many steps of one sample as in the report, half a minute of processor time each; and a recurrence to trace.
LONG = {each: [pytest.mark.campaign] for each in (fits.batches_of_one, fits.masked_sequences)}


def cases(functions: Iterable[Case], one_in: int = 1) -> list:
    """Parameters of a test; all but each `one_in`-th, and the long ones, are for the campaign."""
    marks = [
        LONG.get(each) or ([pytest.mark.campaign] if place % one_in else []) for place, each in enumerate(functions)
    ]
    return [pytest.param(each, marks=mark, id=each.__name__) for each, mark in zip(functions, marks, strict=True)]


def diagnosed(case: Case, *, cured: bool) -> Diagnosis:
    diagnosis = case(cured).watched().diagnosis()
    assert {each.rule for each in diagnosis.unjudged} <= NEVER_JUDGED | UNJUDGED.get(case, set())
    return diagnosis


@pytest.mark.parametrize("case", cases(ILL, one_in=2))
def test_the_root_cause_is_named(case: Case):
    diagnosis, expected = diagnosed(case, cured=False), ILL[case]
    assert (str(diagnosis.verdict), diagnosis.root_cause) == ("ill", expected.root)
    findings = rules(diagnosis)
    root = findings[expected.root]
    assert expected.beside <= {*findings}
    assert expected.words in root.explanation
    assert expected.remedies <= {*root.remedies}
    if "exploding_growth" in findings:  # gradients are as large as the targets from the first batch on
        assert "doubled" not in findings["exploding_growth"].explanation


@pytest.mark.parametrize("case", cases([*ILL, fits.base_inside_a_model], one_in=6))
def test_what_is_cured_is_not_ill(case: Case):
    diagnosis = diagnosed(case, cured=True)
    assert (str(diagnosis.verdict), diagnosis.root_cause) == CURED.get(case, ("healthy", None))


@pytest.mark.parametrize("case", cases(FINE, one_in=2))
def test_what_learns_is_healthy(case: Case):
    diagnosis = diagnosed(case, cured=False)
    assert (str(diagnosis.verdict), diagnosis.root_cause) == ("healthy", None)
