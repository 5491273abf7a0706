"""An optimiser is asked for with a number or with a schedule, and says clearly what is wrong with either."""

import pytest
from pydantic import TypeAdapter, ValidationError

from gradlab.frozen import kind_of
from gradlab.vocabulary.optimizers import OPTIMIZERS, Optimizer, Sgd
from gradlab.vocabulary.schedules import SCHEDULES, LinearWarmup

READER = TypeAdapter(Optimizer)
# The least that each schedule asks for.
SHORTEST = {
    "exponential_decay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    "inverse_time_decay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    "polynomial_decay": {"initial_learning_rate": 0.1, "decay_steps": 10},
    "cosine_decay": {"initial_learning_rate": 0.1, "decay_steps": 10},
    "cosine_decay_restarts": {"initial_learning_rate": 0.1, "first_decay_steps": 10},
    "piecewise_constant_decay": {"boundaries": [10, 20], "values": [0.1, 0.01, 0]},
    "linear_warmup": {"warmup_target": 0.1, "warmup_steps": 10},
}


def refusals(learning_rate):
    """(field inside the learning rate, message) of each thing that is wrong."""
    with pytest.raises(ValidationError) as refused:
        READER.validate_python({"kind": "sgd", "learning_rate": learning_rate})
    # The place begins with the optimiser's kind and the field; a schedule adds its own kind.
    return [(error["loc"][3:], error["msg"].removeprefix("Value error, ")) for error in refused.value.errors()]


def test_a_number_stays_a_plain_number():
    optimizer = READER.validate_json('{"kind": "sgd", "learning_rate": 1}')
    assert (optimizer.learning_rate, optimizer.initial_learning_rate) == (1.0, 1.0)
    assert optimizer.model_dump()["learning_rate"] == 1.0
    assert '"learning_rate":1.0' in optimizer.model_dump_json()


@pytest.mark.parametrize("member", SCHEDULES, ids=kind_of)
def test_a_schedule_stays_what_it_is_through_json_and_python(member):
    asked = {"kind": kind_of(member), **SHORTEST[kind_of(member)]}
    optimizer = READER.validate_python({"kind": "adam", "learning_rate": asked})
    assert isinstance(optimizer.learning_rate, member)
    assert optimizer.initial_learning_rate is None
    assert READER.validate_json(optimizer.model_dump_json()) == optimizer
    assert READER.validate_python(optimizer.model_dump()) == optimizer
    assert type(optimizer)(learning_rate=optimizer.learning_rate) == optimizer


@pytest.mark.parametrize("given", ["0.1", "cosine_decay", True, None, [0.1]], ids=repr)
def test_what_is_neither_number_nor_schedule_is_told_what_would_do(given):
    assert refusals(given) == [((), "a number, or a schedule: an object with `kind`")]


@pytest.mark.parametrize("given", [0, -0.1, 1e7, float("nan"), float("inf")])
def test_a_rate_is_a_finite_number_above_zero(given):
    ((place, message),) = refusals(given)
    assert (place, "number" in message or "than" in message) == ((), True)


def test_an_unknown_schedule_is_told_the_known_ones():
    ((_, message),) = refusals({"kind": "cosin_decay"})
    assert all(kind_of(member) in message for member in SCHEDULES)


@pytest.mark.parametrize("member", SCHEDULES, ids=kind_of)
def test_only_the_schedule_that_is_meant_is_spoken_of(member):
    asked = {"kind": kind_of(member), **SHORTEST[kind_of(member)], "speed": 1}
    assert refusals(asked) == [(("speed",), "Extra inputs are not permitted")]


@pytest.mark.parametrize(
    ("kind", "more", "says"),
    [
        ("cosine_decay", {"warmup_steps": 5}, "both warmup_target and warmup_steps"),
        ("cosine_decay", {"warmup_target": 0.2}, "both warmup_target and warmup_steps"),
        ("cosine_decay", {"initial_learning_rate": 0}, "above 0, or a warm-up"),
        ("cosine_decay_restarts", {"t_mul": 0.5}, "greater than or equal to 1"),
        ("piecewise_constant_decay", {"values": [0.1, 0.01]}, "3 values for 2 boundaries"),
        ("piecewise_constant_decay", {"boundaries": [20, 20]}, "rise strictly"),
        ("piecewise_constant_decay", {"boundaries": [], "values": [0.1]}, "at least 1"),
        ("exponential_decay", {"decay_steps": 0}, "greater than or equal to 1"),
        ("exponential_decay", {"decay_steps": 1.5}, "valid integer"),
        ("linear_warmup", {"warmup_target": 0}, "greater than 0"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(kind, more, says):
    assert says in refusals({"kind": kind, **SHORTEST[kind], **more})[0][1]


def test_at_most_one_way_of_clipping():
    with pytest.raises(ValidationError, match="at most one of clipnorm, clipvalue and global_clipnorm"):
        READER.validate_python({"kind": "adam", "clipnorm": 1.0, "clipvalue": 0.5})


def test_an_optimizer_without_its_clipping_is_otherwise_the_same():
    optimizer = READER.validate_python({"kind": "adam", "learning_rate": 0.5, "global_clipnorm": 1.0})
    assert optimizer.unclipped == READER.validate_python({"kind": "adam", "learning_rate": 0.5})


def test_each_optimizer_may_be_asked_for_by_its_name_alone():
    assert [type(READER.validate_python(kind_of(member))) for member in OPTIMIZERS] == list(OPTIMIZERS)


def test_the_schema_tells_the_schedules_apart_by_their_kind():
    number, schedule = Sgd.model_json_schema()["properties"]["learning_rate"]["anyOf"]
    assert number["type"] == "number"
    assert set(schedule["discriminator"]["mapping"]) == {kind_of(member) for member in SCHEDULES}
    assert schedule["discriminator"]["mapping"]["linear_warmup"].endswith(LinearWarmup.__name__)
