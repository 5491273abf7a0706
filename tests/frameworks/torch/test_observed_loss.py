"""A loss is observed by a method of its own, which copies, files and later trainings do not notice."""

import copy
import functools
import pickle

import pytest
import torch
from torch import nn

from gradlab.torch.observed_loss import ObservedLoss

OUTPUT, TARGET = torch.tensor([[1.0, 2.0], [3.0, 0.0]], requires_grad=True), torch.tensor([0, 1])


def weighted() -> nn.CrossEntropyLoss:
    return nn.CrossEntropyLoss(weight=torch.tensor([1.0, 3.0]))


@pytest.fixture
def seen() -> list:
    return []


def observed(loss: nn.Module, seen: list) -> ObservedLoss:
    tap = ObservedLoss(loss, lambda arguments, value: seen.append((arguments, value)))
    tap.open()
    return tap


def test_it_sees_what_the_loss_gets_and_returns_and_leaves_nothing_behind(seen):
    loss = weighted()
    expected = loss(OUTPUT, TARGET)
    tap = observed(loss, seen)
    value = loss(OUTPUT, TARGET)
    assert torch.equal(value, expected)
    (((output, target), returned),) = seen
    assert output is OUTPUT
    assert target is TARGET
    assert returned is value
    tap.close()
    assert vars(loss).keys() == vars(weighted()).keys()
    loss(OUTPUT, TARGET)
    assert len(seen) == 1


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda loss: pickle.loads(pickle.dumps(loss))], ids=["deep", "file"])
def test_a_copy_has_weights_of_its_own_and_is_not_observed(seen, copied):
    loss = weighted()
    observed(loss, seen)
    other = copied(loss)
    other.weight = torch.tensor([5.0, 1.0])
    expected = nn.CrossEntropyLoss(weight=other.weight)(OUTPUT, TARGET)
    assert torch.equal(other(OUTPUT, TARGET), expected)
    assert not torch.equal(loss(OUTPUT, TARGET), expected)
    assert len(seen) == 1


def test_a_loss_whose_forward_is_replaced_already_is_observed_by_a_hook(seen):
    loss = weighted()
    vars(loss)["forward"] = doubled = functools.partial(lambda forward, *given: 2 * forward(*given), loss.forward)
    tap = observed(loss, seen)
    assert torch.equal(loss(OUTPUT, TARGET), 2 * weighted()(OUTPUT, TARGET))
    assert len(seen) == 1
    tap.close()
    assert loss.forward is doubled
    assert not loss._forward_hooks


def test_a_later_wrapper_of_other_code_stays(seen):
    loss = weighted()
    tap = observed(loss, seen)
    vars(loss)["forward"] = functools.partial(loss.forward)
    tap.close()
    assert torch.equal(loss(OUTPUT, TARGET), weighted()(OUTPUT, TARGET))
    assert seen == []


def test_a_compiled_step_is_left_as_it_is(seen):
    loss = weighted()
    observed(loss, seen)
    step = torch.compile(lambda output, target: loss(output, target) * 2, backend="eager", fullgraph=True)
    assert torch.equal(step(OUTPUT, TARGET), 2 * weighted()(OUTPUT, TARGET))
    assert seen == []
