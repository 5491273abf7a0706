"""View: what rules ask of a training, of an experiment of this service as of a training elsewhere.

Each property is known or raises Unknown, which says what is missing and what the user could pass.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from gradlab.diagnosis.layers import LayerView
from gradlab.diagnosis.unknown import FACTS, GRAPH, Unknown
from gradlab.facts import DataFaults, Expectation, Facts, Inputs, OutputFacts, Theory
from gradlab.spec import NamedLayer
from gradlab.spec.output import Output
from gradlab.vocabulary.losses import LossFunction
from gradlab.vocabulary.optimizers import GradientOptimizer
from gradlab.vocabulary.targets import Target

# Fields of the facts, as a clause calls them.
NOUNS = {
    "constant_loss": "the loss of the best constant answer",
    "perfect_loss": "the loss of a perfect answer",
    "constant_accuracy": "the accuracy of the best constant answer",
    "reachable": "how much there is to learn",
    "class_shares": "how common each class is",
    "target_range": "the range of its targets",
    "target_std": "the spread of its targets",
    "inputs": "the size of its inputs",
    "theory": "what theory predicts on its inputs",
    "faults": "what faults its samples have",
}


class View(ABC):
    """A training as rules see it. Two subclasses say what is particular to their kind of spec."""

    facts: Facts | None
    # True if the engine checks each batch, and stops at the first value that is not finite.
    checks_batches = False
    # True if the first weights are not those that the initialisers drew.
    pretrained = False
    given: frozenset[str] = frozenset()  # layers whose first weights were given: their initialisers drew none
    missing_facts, facts_advice = "is not known: its samples are not here", FACTS
    # Names of the outputs, if the network has several and the view is not that of one of them; else ().
    outputs: tuple[str, ...] = ()
    # What stands before the names of an output's own metrics in the logs: ``price_``.
    prefix = ""

    def _need_one_output(self) -> None:
        """Raise Unknown if the network has several outputs, and this is the view of all of them."""
        if self.outputs:
            raise Unknown(f"its outputs have one each: {', '.join(self.outputs)}")

    def _fact(self, name: str) -> Any:
        if name in OutputFacts.model_fields and name != "faults":
            self._need_one_output()
        value = getattr(self.facts, name) if self.facts is not None else None
        if value is None:
            raise Unknown(f"{NOUNS[name]} {self.missing_facts}", self.facts_advice)
        return value

    # The data.

    @property
    def constant_loss(self) -> float:
        """The loss of the best constant prediction."""
        self._check_loss()
        return float(self._fact("constant_loss"))

    @property
    def perfect_loss(self) -> float:
        """The loss of a perfect prediction."""
        self._check_loss()
        return float(self._fact("perfect_loss"))

    @abstractmethod
    def _check_loss(self) -> None:
        """Raise Unknown if the facts belong to another loss than the training minimises."""

    @property
    def constant_accuracy(self) -> float:
        """The accuracy of the best constant answer; NaN for values."""
        return float(self._fact("constant_accuracy"))

    @property
    def reachable(self) -> float:
        """The share of the constant prediction's errors that the nearest neighbours avoid; NaN where undefined."""
        return float(self._fact("reachable"))

    @property
    def class_shares(self) -> tuple[float, ...]:
        """The share of each class, or of each label; () for values."""
        return tuple(self._fact("class_shares"))

    @property
    def target_range(self) -> tuple[float, float]:
        """The smallest and the largest target."""
        low, high = self._fact("target_range")
        return float(low), float(high)

    @property
    def target_std(self) -> float:
        """The standard deviation of the encoded targets."""
        return float(self._fact("target_std"))

    @property
    def inputs(self) -> Inputs:
        """The size of the inputs."""
        inputs: Inputs = self._fact("inputs")
        return inputs

    @property
    def input_sizes(self) -> Mapping[str, Inputs]:
        """The size of each input by its name, without those that hold numbers of rows for an embedding.

        The name of a single input is "".
        """
        rows_alone = all(layer.kind == "embedding" for layer in self.entrances)
        return {} if rows_alone else {"": self.inputs}

    @property
    def faults(self) -> DataFaults:
        """The faults of the samples."""
        if self.facts is not None and self.facts.faults is None:
            raise Unknown("what faults its samples have is not known: its facts are of version 1", "facts of version 2")
        faults: DataFaults = self._fact("faults")
        return faults

    @property
    @abstractmethod
    def target(self) -> Target:
        """The form of each sample's target."""

    @property
    @abstractmethod
    def train_count(self) -> int:
        """The number of training samples."""

    # The network.

    @property
    @abstractmethod
    def layers(self) -> tuple[LayerView, ...]:
        """All layers, input side first; those inside a block before it."""

    @property
    @abstractmethod
    def network(self) -> tuple[NamedLayer, ...]:
        """The layers from the input to the output, each block as one; () if they form no chain."""

    @cached_property
    def by_name(self) -> Mapping[str, LayerView]:
        """The layers by name."""
        return {layer.name: layer for layer in self.layers}

    @cached_property
    def hidden_layers(self) -> tuple[LayerView, ...]:
        """The layers before those that make the output, in the order in which samples pass them."""
        weighted = [place for place, layer in enumerate(self.layers) if layer.tensors]
        # A block follows its inner layers. One whose last inner layer has the last weights makes the output, too.
        return self.layers[: weighted[-1]] if weighted else ()

    @property
    def entrances(self) -> tuple[LayerView, ...]:
        """The layers that take the samples."""
        return self.layers[:1]

    def last(self, names: Sequence[str]) -> list[int]:
        """Return the places in `names`, some layers in order, of the last one before each output."""
        return [len(names) - 1]

    def foremost(self, names: Sequence[str]) -> list[int]:
        """Return the places in `names`, some layers in order, of those before which none of the others stands."""
        return [0]

    @property
    def is_chain(self) -> bool:
        """True if each layer takes the output of the one before it, as theory assumes. Of a sender's it is assumed."""
        return True

    def need_chain(self) -> None:
        """Raise Unknown if the layers form no chain."""
        if not self.is_chain:
            raise Unknown(GRAPH)

    @property
    def parameter_count(self) -> int:
        """The number of trainable parameters, counted as single numbers."""
        return sum(math.prod(tensor.shape) for layer in self.layers for tensor in layer.tensors)

    @property
    def value_count(self) -> int:
        """The number of inputs per sample."""
        return math.prod(self.layers[0].input_shape)

    @property
    @abstractmethod
    def output_units(self) -> int:
        """The number of output units, for a sample or for a time step of it."""

    @property
    @abstractmethod
    def output(self) -> Output:
        """The activations at the end of the network."""

    # What theory predicts.

    def _theory(self) -> Theory:
        theory: Theory = self._fact("theory")
        return theory

    @property
    def expected(self) -> Expectation | None:
        """The prediction for the network's own initialisers; None where theory does not cover it."""
        return None if self.pretrained else self._theory().own

    @property
    def expected_around_zero(self) -> Expectation | None:
        """The prediction for the same variances around a mean of 0."""
        return self._theory().around_zero

    @property
    def expected_as_advised(self) -> Expectation | None:
        """The prediction for the variances that the literature advises."""
        return self._theory().advised

    @property
    def predicted_layers(self) -> tuple[str, ...]:
        """The names of the layers that theory predicts."""
        network = self.network
        from gradlab.theory import predicted_layers  # only known networks need it

        return predicted_layers(network)

    @property
    def born_dead(self) -> float:
        """The share in [0, 1] of networks like this one that are born dead; NaN for networks that are not covered."""
        chance = None if self.pretrained else self._theory().born_dead
        return math.nan if chance is None else chance

    @property
    def hidden_relus(self) -> tuple[NamedLayer, ...]:
        """The hidden layers of a network of dense layers whose hidden ones are all relu; () for other networks."""
        network = self.network
        from gradlab.theory import hidden_relus

        return hidden_relus(network)

    # The training.

    @property
    @abstractmethod
    def loss(self) -> LossFunction:
        """The loss, as a member of the registry."""

    @property
    @abstractmethod
    def loss_kind(self) -> str:
        """The loss's name in Keras, without ``sparse_``."""

    @property
    @abstractmethod
    def loss_takes_logits(self) -> bool:
        """True if the loss is computed from logits, whatever `from_logits` says."""

    @property
    @abstractmethod
    def optimizer(self) -> GradientOptimizer:
        """The optimiser, with its clipping and its schedule."""

    @property
    @abstractmethod
    def batch_size(self) -> int:
        """The number of samples in a batch."""

    @property
    def batches(self) -> int:
        """The number of updates in one record: an epoch, or a block of updates."""
        return math.ceil(self.train_count / self.batch_size)

    def place(self, epoch: int) -> str:
        """Return the name of a record: ``epoch 40``, or ``step 400`` where records are blocks of updates."""
        return f"epoch {epoch}"

    @property
    def first_epoch(self) -> int:
        """The epoch after which the training begins."""
        return 0

    @property
    @abstractmethod
    def epochs(self) -> int:
        """The last planned epoch."""

    @property
    @abstractmethod
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics of each epoch."""
