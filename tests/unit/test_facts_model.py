"""Facts and wiring as they travel: JSON, read back bit for bit."""

import math

import pytest
from pydantic import ValidationError

from gradlab.facts import Facts, Inputs, Theory, Wiring

NAN, INF = math.nan, math.inf


def test_facts_are_read_back_bit_for_bit_with_nan_and_infinities():
    inputs = Inputs(features=3, rms=1 / 3, largest_rms=INF, mean=(0.1 + 0.2, NAN, -INF), std=(1e-300, 2.0, 3.0))
    facts = Facts(train_count=5, constant_loss=math.log(2), reachable=NAN, inputs=inputs, theory=Theory(born_dead=NAN))
    again = Facts.model_validate_json(facts.model_dump_json())
    assert repr(again) == repr(facts)
    assert again.model_dump_json() == facts.model_dump_json()


def test_facts_of_the_version_without_faults_are_read():
    old = Facts.model_validate_json('{"version": 1, "train_count": 5}')
    assert (old.version, old.faults) == (1, None)
    assert Facts(train_count=5).version == 2


def test_facts_of_another_version_are_refused():
    with pytest.raises(ValidationError, match="version"):
        Facts.model_validate_json('{"version": 3}')


def test_every_field_of_wiring_is_optional():
    assert Wiring.model_validate_json("{}") == Wiring()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_steps", {"loss": [0.1] * 21}),
        ("training_mode", {"dropout": 1.5}),
        ("tensors", {"dense/kernel": {"missing": -1}}),
        ("target_form", "sparse"),
    ],
)
def test_wiring_outside_its_bounds_is_refused(field, value):
    with pytest.raises(ValidationError, match=field):
        Wiring.model_validate({field: value})


def test_training_mode_is_a_share_of_the_model_or_of_each_layer():
    assert Wiring.model_validate_json('{"training_mode": 0.5}').training_mode == 0.5
    assert Wiring.model_validate_json('{"training_mode": {"a.norm": 0}}').training_mode == {"a.norm": 0.0}
