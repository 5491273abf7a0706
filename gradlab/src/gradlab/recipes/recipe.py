"""Recipe: a study that is ready to be begun."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from gradlab.errors import Invalid, Problem
from gradlab.spec.experiment import MAX_SEEDS
from gradlab.spec.problems import among, invalid
from gradlab.spec.study import StudySpec

Fields = dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """A study that is ready to be begun.

    Attributes:
        name: its name, as in `gradlab study NAME`.
        title: a title for people.
        question: the question that it answers, in a sentence.
        chart: name of the chart of the study that answers it.
        activations: the activations that it is written for, the default first; one for a study without a choice.
        seeds: the number of seeds in each cell.
        write: writes the fields of the study's spec but for name and seeds, from an activation.
    """

    name: str
    title: str
    question: str
    chart: str
    activations: tuple[str, ...]
    seeds: int
    write: Callable[[str], Fields] = field(repr=False)

    def study(self, activation: str | None = None, seeds: int | None = None, epochs: int | None = None) -> StudySpec:
        """Return the study.

        Args:
            activation: one of `activations`; the first by default.
            seeds: the number of seeds in each cell, from 0 on; by default the recipe's.
            epochs: the number of epochs, without measures of later ones; by default the recipe's.

        Raises:
            Invalid: the recipe is not written for that activation, or a number is out of bounds.
        """
        chosen = self.activations[0] if activation is None else activation
        if chosen not in self.activations:
            raise Invalid(Problem("activation", among(self.activations, chosen), repr(chosen)))
        name = f"{self.title}, {chosen}" if len(self.activations) > 1 else self.title
        count = self.seeds if seeds is None else seeds
        if count > MAX_SEEDS:  # before a list of them takes the memory
            raise Invalid(Problem("seeds", f"at most {MAX_SEEDS:,}", f"{count:,}"))
        fields = {"name": name, "seeds": list(range(count)), **self.write(chosen)}
        if epochs is not None:
            fields["base"] = fields["base"] | {"training": fields["base"]["training"] | {"epochs": epochs}}
            fields["measures"] = [each for each in fields.get("measures", ()) if _is_reached(each["epoch"], epochs)]
        try:
            return StudySpec.model_validate(fields)
        except ValidationError as error:
            raise invalid(error, fields) from error


def _is_reached(epoch: int | str, epochs: int) -> bool:
    return isinstance(epoch, str) or epoch <= epochs
