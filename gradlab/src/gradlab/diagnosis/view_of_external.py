"""ExternalView: a training elsewhere as rules see it, from its spec, its facts and its wiring."""

import math
from collections.abc import Collection, Sequence
from functools import cached_property

from gradlab.diagnosis.layers import LayerView
from gradlab.diagnosis.unknown import CONFIGURATION, FACTS, GRAPH, Unknown
from gradlab.diagnosis.view import View
from gradlab.facts import Facts, Theory, Wiring
from gradlab.spec import ExternalSpec, NamedLayer
from gradlab.spec.external_layer import ExternalLoss
from gradlab.spec.external_network import chain, named_layers, sources_of
from gradlab.spec.network import last_before
from gradlab.spec.output import Output, loss_takes_logits_elsewhere, output_elsewhere
from gradlab.vocabulary.losses import LossFunction
from gradlab.vocabulary.optimizers import GradientOptimizer
from gradlab.vocabulary.targets import Target

LOSS = "`loss` in the spec; a Watch reads it from the compiled model, or takes it as `loss=`"


class ExternalView(View):
    """A training elsewhere. What its sender does not say is unknown."""

    def __init__(self, external: ExternalSpec, facts: Facts | None, wiring: Wiring | None, output: str = "") -> None:
        self.external, self.facts, self.wiring = external, facts, wiring
        self._end = next((each for each in external.outputs if each.name == output), None) if output else None
        if self._end is None:
            self.outputs = tuple(each.name for each in external.outputs if each.weight)
        else:
            self.prefix = f"{output}_"
            self.facts = None if facts is None else facts.of_output(output)

    @property
    def _loss(self) -> ExternalLoss | None:
        """The loss, as its sender describes it; None if unknown. Raises Unknown for several outputs."""
        self._need_one_output()
        return self.external.loss if self._end is None else self._end.loss

    def _check_loss(self) -> None:
        own = self._loss.kind.removeprefix("sparse_") if self._loss else None
        of_facts = self.facts.loss if self.facts is not None else None
        if own is not None and of_facts is not None and own != of_facts:
            raise Unknown(f"the loss of the best constant answer is known of {of_facts} only, not of {own}", FACTS)

    @property
    def target(self) -> Target:
        self._need_one_output()
        described = self.external.target if self._end is None else self._end.target
        target = described or (self.facts.target if self.facts is not None else None)
        if target is None:
            raise Unknown("what kind of targets it has is not known", "`target` in the spec, or " + FACTS)
        return target.form

    @property
    def train_count(self) -> int:
        count = self.external.train_count or (self.facts.train_count if self.facts is not None else None)
        if count is None:
            raise Unknown("how many training samples it has is not known", "`train_count` in the spec, or " + FACTS)
        return count

    @cached_property
    def layers(self) -> tuple[LayerView, ...]:
        named = named_layers(self.external.layers)
        return tuple(LayerView(each.name, each.tensors, named.get(each.name), each) for each in self.external.layers)

    @cached_property
    def hidden_layers(self) -> tuple[LayerView, ...]:
        if not self.external.outputs:
            return super().hidden_layers
        hidden = self._leading_to({layer.name for layer in self.layers if layer.tensors})
        return tuple(layer for layer in self.layers if layer.name in hidden)

    def last(self, names: Sequence[str]) -> list[int]:
        if not self.external.outputs:
            return super().last(names)
        makers = [end.layer or "" for end in self.external.outputs]
        return last_before(names, (self._leading_to({maker}) | {maker} for maker in makers))

    def _leading_to(self, names: Collection[str]) -> set[str]:
        """The names of the layers from which one of `names` follows."""
        leading, sources = set[str](), sources_of(self.external.layers)
        for name in reversed(sources):
            if name in names or name in leading:
                leading.update(sources[name])
        return leading

    @cached_property
    def network(self) -> tuple[NamedLayer, ...]:
        if self.external.outputs:
            raise Unknown(GRAPH)
        try:
            return chain(self.external.layers)
        except LookupError as missing:
            raise Unknown(f"how {missing.args[0]} is configured is not known", CONFIGURATION) from None

    def _theory(self) -> Theory:
        if self.external.outputs:
            raise Unknown(GRAPH)
        return super()._theory()

    @property
    def value_count(self) -> int:
        if self.facts is not None and self.facts.inputs is not None:
            return self.facts.inputs.features
        return super().value_count

    @property
    def output_units(self) -> int:
        self._need_one_output()
        last = self.external.layers[-1].name if self._end is None else self._end.layer
        shape = next((each.output_shape for each in self.external.layers if each.name == last), None)
        if not shape or shape[-1] is None:
            raise Unknown("how many numbers its network puts out is not known", "`output_shape` of the last layer")
        return shape[-1]

    @property
    def output(self) -> Output:
        self._need_one_output()
        output = output_elsewhere(self.external, self._end)
        if output is None:
            raise Unknown("what activation makes its output is not known", "`activation` of the last layer")
        return output

    @property
    def loss(self) -> LossFunction:
        kind = self.loss_kind
        function = self._loss.function if self._loss is not None else None
        if function is None:
            raise Unknown(f"the loss {kind} is none that the rules know")
        return function

    @property
    def loss_kind(self) -> str:
        if self._loss is None:
            raise Unknown("its loss is not known", LOSS)
        return self._loss.kind.removeprefix("sparse_")

    @property
    def loss_takes_logits(self) -> bool:
        return loss_takes_logits_elsewhere(self.external, self._end)

    @property
    def optimizer(self) -> GradientOptimizer:
        if self.external.optimizer is None:
            named = self.external.optimizer_class
            why = f"how its optimiser {named} makes its steps is not known" if named else "its optimiser is not known"
            raise Unknown(why, "`optimizer` in the spec; a Watch takes it as `optimizer=` or from the compiled model")
        return self.external.optimizer

    @property
    def batch_size(self) -> int:
        shape = self.wiring.output_shape if self.wiring is not None else None
        size = self.external.batch_size or (shape[0] if shape else None)
        if size is None:
            raise Unknown("its batch size is not known", "`batch_size` in the spec")
        return size

    @property
    def batches(self) -> int:
        if self.external.axis == "step" and self.external.every_steps is not None:
            return self.external.every_steps
        if self.external.steps_per_epoch is not None:
            return self.external.steps_per_epoch
        return math.ceil(self.train_count / self.batch_size)

    def place(self, epoch: int) -> str:
        return (
            f"step {epoch * (self.external.every_steps or 1)}" if self.external.axis == "step" else super().place(epoch)
        )

    @property
    def first_epoch(self) -> int:
        return self.external.initial_epoch

    @property
    def epochs(self) -> int:
        return self.external.epochs

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(each.removeprefix(self.prefix) for each in self.external.metrics)
