"""UntouchedGradients: whether a step receives its backward pass's gradients, known without reading them twice."""

import operator
from collections.abc import Sequence

import torch

# Steps in a row that are read twice and receive what was read, before one may be read once.
MIN_READ_TWICE = 2

_VERSION = operator.attrgetter("_version")


class UntouchedGradients:
    """Gradients that nothing changes between a backward pass and the step after it, as where nothing clips.

    A change in place raises the version of a tensor. A change that does not, through `.data` or by another tensor in
    its place, shows in the steps that are read twice. After a change of either kind none is expected to be untouched.

    Args:
        is_possible: False if all steps are to be read twice.
    """

    def __init__(self, *, is_possible: bool) -> None:
        self._is_possible = is_possible
        self._steps = 0
        self._passed: tuple[list[torch.Tensor | None], list[int] | None] = [], None
        self._versions: list[int] | None = None  # that all of them have after a backward pass

    @property
    def are_expected(self) -> bool:
        """True if the next step may be read once."""
        return self._is_possible and self._steps >= MIN_READ_TWICE

    def give_up(self) -> None:
        """Expect changes from now on."""
        self._is_possible = False
        self._passed = [], None

    def after_pass(self, gradients: list[torch.Tensor | None]) -> None:
        """Note the gradients that a backward pass has computed."""
        if self._is_possible:
            self._passed = gradients, _versions(gradients)

    def are_as_passed(self, gradients: Sequence[torch.Tensor | None]) -> bool:
        """True if a step receives the tensors of the backward pass, and nothing has changed them, by their versions."""
        return self.are_expected and self._have_passed(gradients)

    def before_step(self, gradients: Sequence[torch.Tensor | None], *, are_equal: bool) -> None:
        """Note what a step receives that was read twice.

        Args:
            gradients: the gradients.
            are_equal: True if their entries are those of the backward pass.
        """
        if not self._is_possible:
            return
        is_same, versions = are_equal and self._have_passed(gradients), self._passed[1]
        self._passed = [], None
        if not is_same or self._versions not in (None, versions):
            self.give_up()
        self._steps, self._versions = self._steps + 1, versions

    def are(self, gradients: Sequence[torch.Tensor | None]) -> bool:
        """True if nothing has changed the gradients that a step receives, by their versions."""
        return _versions(gradients) == self._versions

    def _have_passed(self, gradients: Sequence[torch.Tensor | None]) -> bool:
        """True if these are the tensors of the last backward pass, of the versions that they had then."""
        before, versions = self._passed
        are_there = versions is not None and len(before) == len(gradients)
        return are_there and all(map(operator.is_, before, gradients)) and versions == _versions(gradients)


def _versions(gradients: Sequence[torch.Tensor | None]) -> list[int] | None:
    """Return the version of each gradient; None if one is missing."""
    try:
        return list(map(_VERSION, gradients))
    except AttributeError:
        return None
