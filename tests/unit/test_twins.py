"""Twins in PyTorch: which cases are chosen, and when two values of a statistic agree."""

import numpy as np
import pytest

from bench.clinic import BY_NAME, cases
from bench.twins.agreement import Difference, _relative, rounding_alone
from bench.twins.choice import chosen, computes_otherwise, left_out, unlike

FINAL = [case for case in cases() if case.part == "final"]


def test_each_illness_occurs_and_the_choice_does_not_depend_on_its_size():
    fifty = chosen(FINAL, 50)
    assert len({case.name for case in fifty}) == 50
    assert {case.illness for case in fifty} == {None, *BY_NAME}
    assert {case.name for case in chosen(FINAL, 30)} <= {case.name for case in fifty}
    assert all(unlike(case.spec) is None for case in fifty)
    assert sum(map(len, left_out(FINAL).values())) + len(chosen(FINAL, len(FINAL))) == len(FINAL)


def test_values_agree_within_rounding_of_the_largest_entry():
    assert _relative(1.0, 1.0 + 5e-5, 0.0) == pytest.approx(5e-5, rel=1e-3)
    assert _relative(1e-12, -1e-12, 1e-11) == 0.0
    assert _relative(float("nan"), float("nan"), 0.0) == 0.0
    assert _relative(1.0, float("nan"), 1e9) == float("inf")
    assert _relative(float("inf"), 1.0, 1e9) == float("inf")
    assert not Difference("a", "float32", "gradients", "b", "l2", 1.0, 2.0, 0.5, 1.0).agrees
    assert Difference("a", "float64", "gradients", "b", "l2", 1.0, 1.0, 1e-10, 1.0).agrees


def test_gradients_that_are_rounding_alone_are_left_out():
    largest = {
        "gradients:a/kernel": 1.0,
        "gradients:a/bias": 1e-9,
        "gradients:b/bias": 0.0,
        "signals:a": np.float64(1e-9),
    }
    assert rounding_alone("float32", largest) == {"gradients:a/bias"}
    assert rounding_alone("float64", largest) == set()


def test_gradients_of_another_function_are_not_compared():
    (case,) = (case for case in FINAL if case.name == "circles, plane elu: mismatched, softmax output")
    assert "softmax" in (computes_otherwise(case.spec) or "")
    assert [case.name for case in FINAL if case.illness is None and computes_otherwise(case.spec)] == []
