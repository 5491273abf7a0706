"""ExperimentView: an experiment of this service as rules see it."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from gradlab.diagnosis.layers import LayerView
from gradlab.diagnosis.unknown import GIVEN, WAIT, Unknown
from gradlab.diagnosis.view import View
from gradlab.facts import Expectation, Facts, Inputs
from gradlab.facts.model import MAX_ENDS
from gradlab.spec import ExperimentSpec, NamedLayer
from gradlab.spec.ends import NetworkOutput, hidden_names, takes_rows
from gradlab.spec.initial_weights import given_layers
from gradlab.spec.network import foremost, is_chain, last_before, leading_to
from gradlab.spec.output import Output, loss_takes_logits, output_of
from gradlab.vocabulary.losses import LossFunction
from gradlab.vocabulary.optimizers import GradientOptimizer
from gradlab.vocabulary.targets import Target


class ExperimentView(View):
    """An experiment of this service. Only its facts can be missing: a worker works them out once."""

    checks_batches = True
    missing_facts, facts_advice = "has not been worked out yet", WAIT

    def __init__(self, spec: ExperimentSpec, facts: Facts | None, output: str = "") -> None:
        self.spec, self.facts, self.output_name = spec, facts, output
        self.pretrained = spec.training.pretraining is not None
        self.given = frozenset(given_layers(spec.training.initial_weights, spec.layers))
        several = len(spec.outputs) > 1
        # An output whose loss weighs nothing is not trained, and there is nothing to judge in it.
        self.outputs = tuple(each.name for each in spec.outputs if each.weight) if several and not output else ()
        if output:
            self.prefix = self._end.prefix
            self.facts = None if facts is None else facts.of_output(output)

    @property
    def expected(self) -> Expectation | None:
        if self.given:
            raise Unknown(GIVEN)
        return super().expected

    @property
    def born_dead(self) -> float:
        return math.nan if self.given else super().born_dead  # what is dead at epoch 0 is measured

    def _check_loss(self) -> None:
        """An experiment's facts are worked out for its own loss."""

    @property
    def _end(self) -> NetworkOutput:
        """The output that is viewed. Raises Unknown for several."""
        self._need_one_output()
        return next(each for each in self.spec.outputs if each.name == self.output_name)

    def _fact(self, name: str) -> Any:
        described = self.facts.outputs if self.facts is not None and self.output_name else None
        if described is not None and self.output_name not in described:
            raise Unknown(
                f"facts are worked out for {MAX_ENDS} outputs at most, and {self.output_name} is a further one"
            )
        return super()._fact(name)

    @property
    def target(self) -> Target:
        return self._end.target

    @property
    def train_count(self) -> int:
        return self.spec.dataset.train_count

    @cached_property
    def layers(self) -> tuple[LayerView, ...]:
        return tuple(LayerView(layer.name, layer.tensors, layer) for layer in self.spec.layers)

    @cached_property
    def hidden_layers(self) -> tuple[LayerView, ...]:
        weighted = {layer.name for layer in self.spec.layers if layer.spec.parameters(layer.input_shape)}
        hidden = hidden_names(self.spec.layers, weighted, self.spec.outputs)
        return tuple(layer for layer in self.layers if layer.name in hidden)

    @property
    def entrances(self) -> tuple[LayerView, ...]:
        samples = {*self.spec.model.inputs}
        return tuple(self.by_name[layer.name] for layer in self.spec.network if samples & {*layer.inputs})

    def foremost(self, names: Sequence[str]) -> list[int]:
        return foremost(self.spec.layers, names)

    @property
    def is_chain(self) -> bool:
        return is_chain(self.network)

    @cached_property
    def network(self) -> tuple[NamedLayer, ...]:
        if len(self.spec.inputs) == len(self.spec.outputs) == 1:
            return self.spec.network
        from gradlab.theory.ways import ways_of  # few networks have several ways

        # The layers for which theory has predicted what arrives.
        theory = self.facts.theory if self.facts is not None else None
        return ways_of(self.spec).get(theory.output or "" if theory else "", self.spec.network)

    @property
    def value_count(self) -> int:
        return sum(math.prod(each.shape) for each in self.spec.inputs)

    @property
    def input_sizes(self) -> Mapping[str, Inputs]:
        if len(self.spec.inputs) == 1:
            return super().input_sizes
        sizes = (self.facts.by_input if self.facts is not None else None) or {}
        described = self.spec.inputs[:MAX_ENDS]
        numeric = [each.name for each in described if not takes_rows(self.spec.layers, each.name)]
        if missing := [name for name in numeric if name not in sizes]:
            raise Unknown(f"the size of its input {missing[0]} {self.missing_facts}", self.facts_advice)
        return {name: sizes[name] for name in numeric}

    @property
    def output_units(self) -> int:
        return self._end.layer.output_shape[-1]

    def last(self, names: Sequence[str]) -> list[int]:
        if len(self.spec.outputs) == 1:
            return super().last(names)
        makers = [end.layer.name for end in self.spec.outputs]
        return last_before(names, (leading_to(self.spec.layers, {maker}) | {maker} for maker in makers))

    @property
    def output(self) -> Output:
        return output_of(self.spec, self._end)

    @property
    def loss(self) -> LossFunction:
        return self._end.loss

    @property
    def loss_kind(self) -> str:
        return str(self._end.loss.kind)

    @property
    def loss_takes_logits(self) -> bool:
        return loss_takes_logits(self.spec, self._end)

    @property
    def optimizer(self) -> GradientOptimizer:
        return self.spec.training.optimizer

    @property
    def batch_size(self) -> int:
        return self.spec.training.batch_size

    @property
    def epochs(self) -> int:
        return self.spec.training.epochs

    @property
    def metrics(self) -> tuple[str, ...]:
        return self.spec.layout.metrics
