"""ExperimentView: an experiment of this service as rules see it."""

from collections.abc import Sequence
from functools import cached_property

from gradlab.diagnosis.layers import LayerView
from gradlab.diagnosis.unknown import WAIT
from gradlab.diagnosis.view import View
from gradlab.facts import Facts
from gradlab.spec import ExperimentSpec, NamedLayer
from gradlab.spec.network import foremost, is_chain, leading_to
from gradlab.spec.output import Output, loss_takes_logits, output_of
from gradlab.vocabulary.losses import LossFunction
from gradlab.vocabulary.optimizers import GradientOptimizer
from gradlab.vocabulary.targets import Target


class ExperimentView(View):
    """An experiment of this service. Only its facts can be missing: a worker works them out once."""

    checks_batches = True
    missing_facts, facts_advice = "has not been worked out yet", WAIT

    def __init__(self, spec: ExperimentSpec, facts: Facts | None) -> None:
        self.spec, self.facts = spec, facts
        self.pretrained = spec.training.pretraining is not None

    def _check_loss(self) -> None:
        """An experiment's facts are worked out for its own loss."""

    @property
    def target(self) -> Target:
        return self.spec.dataset.target

    @property
    def train_count(self) -> int:
        return self.spec.dataset.train_count

    @cached_property
    def layers(self) -> tuple[LayerView, ...]:
        return tuple(LayerView(layer.name, layer.tensors, layer) for layer in self.spec.layers)

    @cached_property
    def hidden_layers(self) -> tuple[LayerView, ...]:
        weighted = {layer.name for layer in self.spec.layers if layer.spec.parameters(layer.input_shape)}
        hidden = leading_to(self.spec.layers, weighted)
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

    @property
    def network(self) -> tuple[NamedLayer, ...]:
        return self.spec.network

    @property
    def value_count(self) -> int:
        return self.spec.dataset.value_count

    @property
    def output_units(self) -> int:
        return self.spec.layers[-1].output_shape[-1]

    @property
    def output(self) -> Output:
        return output_of(self.spec)

    @property
    def loss(self) -> LossFunction:
        return self.spec.only_output.loss

    @property
    def loss_kind(self) -> str:
        return str(self.spec.only_output.loss.kind)

    @property
    def loss_takes_logits(self) -> bool:
        return loss_takes_logits(self.spec)

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
