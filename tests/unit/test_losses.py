"""Losses: the targets that each serves, with how many units, and what it says about its output."""

import pytest
from pydantic import TypeAdapter, ValidationError

from gradlab.frozen import kind_of
from gradlab.vocabulary.losses import BY_KIND, LOSSES, Loss, encoding, losses_for
from gradlab.vocabulary.targets import Target

TWO, FOUR = Target("classes", 2), Target("classes", 4)
LABELS, VALUES = Target("labels", 3), Target("values", 5)
OVER_TIME = Target("classes", 9, (120,))

PROBABILITY_OF_EACH = {
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "kl_divergence",
    "categorical_generalized_cross_entropy",
    "dice",
    "tversky",
}
# Parameters of losses that have no default.
GIVEN = {"categorical_generalized_cross_entropy": {"q": 0.7}, "dice": {"axis": -1}, "tversky": {"axis": -1}}
DIRECTION = {"cosine_similarity"}
YES_OR_NO = {"binary_crossentropy", "binary_focal_crossentropy"}
DISTANCES = {"mean_squared_error", "mean_absolute_error", "huber", "log_cosh"}
MARGINS = {"hinge", "squared_hinge"}
OF_SOME_VALUES = {"poisson", "mean_absolute_percentage_error", "mean_squared_logarithmic_error"}


def a_loss(value):
    return TypeAdapter(Loss).validate_python(value)


@pytest.mark.parametrize(
    ("kinds", "units"),
    [
        ({"binary_crossentropy"}, {TWO: (1,), FOUR: (), LABELS: (3,), VALUES: (5,), OVER_TIME: ()}),
        ({"binary_focal_crossentropy"}, {TWO: (1,), FOUR: (), LABELS: (3,), VALUES: (), OVER_TIME: ()}),
        (
            PROBABILITY_OF_EACH | {"categorical_hinge"},
            {TWO: (2,), FOUR: (4,), LABELS: (), VALUES: (), OVER_TIME: (9,)},
        ),
        (DISTANCES, {TWO: (1, 2), FOUR: (4,), LABELS: (3,), VALUES: (5,), OVER_TIME: (9,)}),
        (DIRECTION, {TWO: (2,), FOUR: (4,), LABELS: (3,), VALUES: (5,), OVER_TIME: (9,)}),
        (MARGINS, {TWO: (1, 2), FOUR: (4,), LABELS: (3,), VALUES: (), OVER_TIME: (9,)}),
        (OF_SOME_VALUES, {TWO: (), FOUR: (), LABELS: (), VALUES: (5,), OVER_TIME: ()}),
    ],
)
def test_units_follow_from_what_is_to_be_predicted(kinds, units):
    for kind in kinds:
        assert {target: BY_KIND[kind].units_for(target) for target in units} == units


def test_every_loss_is_in_the_table_above_and_every_target_is_served():
    assert PROBABILITY_OF_EACH | YES_OR_NO | DISTANCES | MARGINS | OF_SOME_VALUES | DIRECTION | {
        "categorical_hinge"
    } == set(BY_KIND)
    assert set(losses_for(VALUES)) == DISTANCES | OF_SOME_VALUES | DIRECTION | {"binary_crossentropy"}
    assert set(losses_for(LABELS)) == DISTANCES | YES_OR_NO | MARGINS | DIRECTION
    assert set(losses_for(FOUR)) == DISTANCES | PROBABILITY_OF_EACH | MARGINS | {"categorical_hinge"} | DIRECTION


def test_targets_are_shown_as_a_column_as_rows_or_as_they_are():
    assert encoding(TWO, 1) == "column"
    assert encoding(TWO, 2) == encoding(OVER_TIME, 9) == "one_hot"
    assert encoding(LABELS, 3) == encoding(VALUES, 5) == encoding(Target("values", 1), 1) == "as_they_are"


@pytest.mark.parametrize("member", [each for each in LOSSES if kind_of(each) not in GIVEN], ids=kind_of)
def test_a_name_stands_for_the_loss_with_its_defaults(member):
    assert a_loss(kind_of(member)) == a_loss({"kind": kind_of(member)}) == member()


def test_yes_lies_above_one_half_unless_the_output_is_a_score():
    above_zero = {
        loss.kind for loss in (member(**GIVEN.get(kind_of(member), {})) for member in LOSSES) if loss.threshold == 0
    }
    assert above_zero == MARGINS
    assert a_loss("mean_squared_error").threshold == a_loss("binary_crossentropy").threshold == 0.5
    assert a_loss({"kind": "binary_crossentropy", "from_logits": True}).threshold == 0


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        ("binary_crossentropy", "sigmoid"),
        ({"kind": "binary_focal_crossentropy", "from_logits": True}, "linear"),
        ("categorical_crossentropy", "softmax"),
        ({"kind": "categorical_crossentropy", "from_logits": True}, "linear"),
        ("kl_divergence", "softmax"),
        ("hinge", "linear"),
        ("mean_squared_error", None),
    ],
    ids=str,
)
def test_a_loss_knows_what_usually_comes_before_it(loss, activation):
    assert a_loss(loss).output_activation == activation


@pytest.mark.parametrize(
    "loss",
    [
        {"kind": "huber", "delta": 0},
        {"kind": "binary_crossentropy", "label_smoothing": 1.5},
        {"kind": "mean_squared_error", "from_logits": True},
        {"kind": "categorical_focal_crossentropy", "alpha": -1},
        "crossentropy",
        "dice",  # Keras's default sums over the whole batch
        {"kind": "tversky", "axis": None},
        "categorical_generalized_cross_entropy",
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(loss):
    with pytest.raises(ValidationError):
        a_loss(loss)
