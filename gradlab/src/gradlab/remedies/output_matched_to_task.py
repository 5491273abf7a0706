"""Output activation and loss that suit the targets and each other."""

from dataclasses import dataclass
from typing import Any

from gradlab.errors import Invalid, Problem
from gradlab.frozen import Frozen
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.layers import Layers, Place, end_of, field_of, split_output, weighted, with_weighted
from gradlab.remedies.rewriting.rewrite import rewritten
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec, ModelSpec
from gradlab.spec.ends import NetworkOutput
from gradlab.spec.graph import GraphSpec
from gradlab.vocabulary.activations import Linear
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.activation import Activating
from gradlab.vocabulary.layers.convolution import Convolution
from gradlab.vocabulary.layers.dense import ActivationLayer, Dense
from gradlab.vocabulary.layers.recurrent import Bidirectional
from gradlab.vocabulary.layers.wrapping import at_each_step
from gradlab.vocabulary.losses import BinaryCrossentropy, CategoricalCrossentropy, LossFunction, MeanSquaredError

# Losses of values for predictions of any sign, and losses for positive predictions.
OF_ANY_VALUE = (
    "mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "mean_absolute_percentage_error",
)  # fmt: skip
OF_POSITIVE_VALUES = ("poisson", "mean_squared_logarithmic_error")
POSITIVE = ("softplus", "exponential", "relu")


@dataclass(frozen=True)
class _End:
    """The end of a network before one of its outputs.

    Attributes:
        layer: the layer with the last weights, or the block that holds it.
        behind: the layers behind it.
        names: the names of all of these in a graph; () in a chain.
    """

    layer: LayerSpec
    behind: Layers
    names: tuple[str, ...] = ()

    @property
    def activations(self) -> tuple[str, ...]:
        """The kinds of activations behind the last weights, without linear ones."""
        last = at_each_step(self.layer)
        last = last.layer if isinstance(last, Bidirectional) else last
        layers = (last, *map(at_each_step, self.behind))
        functions = [function for layer in layers if (function := layer.function) is not None]
        return tuple(function.kind for function in functions if function != Linear())

    def activated(self, activation: str, units: int) -> Layers:
        """Return the layers with `activation` as their only activation."""
        behind = tuple(layer for layer in self.behind if not isinstance(at_each_step(layer), Activating))
        function: Frozen = ActivationLayer.model_validate({"activation": activation}).activation
        weights = weighted(self.layer)
        if not isinstance(weights, Dense | Convolution):
            # A recurrent layer feeds its output back: the output activation needs a layer of its own.
            return (self.layer, *behind, Dense.model_validate({"units": units, "activation": function}))
        if not behind:
            return (with_weighted(self.layer, weights.model_copy(update={"activation": function})),)
        linear = with_weighted(self.layer, weights.model_copy(update={"activation": Linear()}))
        last = () if function == Linear() else (ActivationLayer.model_validate({"activation": function}),)
        return (linear, *behind, *last)


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    refusals: list[Problem] = []
    changed: dict[_End, Layers] = {}
    losses = {output.name: output.loss for output in spec.outputs}
    for output in spec.outputs:
        try:
            end = _end(spec, output)
        except Invalid as refused:  # of several outputs the others may be changed
            refusals += refused.problems
            continue
        loss = losses[output.name] = _loss(output, end.activations)
        received = f"{' then '.join(end.activations) or 'linear'} with {output.loss.kind} for {output.target}"
        expected = "an output whose activation and loss do not suit the task and each other already"
        refusals.append(Problem(field_of(spec), expected, received))
        if len(end.activations) > 1 or "".join(end.activations) not in _suited(loss):
            changed[end] = end.activated(loss.output_activation or "linear", output.layer.output_shape[-1])
    model = _with_ends(spec, changed) if changed else None
    return treated(spec, REMEDY.name, refusals[0], model=model, training=_training(spec, losses))


def _training(spec: ExperimentSpec, losses: dict[str, LossFunction]) -> dict[str, Any]:
    """The fields of the training with these losses by output; {} where they are those of the spec."""
    if all(losses[output.name] == output.loss for output in spec.outputs):
        return {}
    dumped = {name: loss.model_dump(mode="json") for name, loss in losses.items()}
    return {"loss": dumped if len(dumped) > 1 else next(iter(dumped.values()))}


def _end(spec: ExperimentSpec, output: NetworkOutput) -> _End:
    if isinstance(spec.model, GraphSpec):
        named = end_of(spec, output.layer)
        layer, *behind = (each.spec for each in named)
        return _End(layer, tuple(behind), tuple(each.name for each in named))
    _, layer, after = split_output(spec.model.layers)
    return _End(layer, after)


def _loss(output: NetworkOutput, activations: tuple[str, ...]) -> LossFunction:
    """The output's loss if it suits the task, else the usual one."""
    target, loss = output.target, output.loss
    if target.kind == "values":
        positive = loss.kind in OF_POSITIVE_VALUES and activations[-1:] and activations[-1] in POSITIVE
        return loss if positive or loss.kind in OF_ANY_VALUE else MeanSquaredError()
    if loss.activation is not None:
        return loss
    one_unit = output.layer.output_shape[-1] == 1
    return BinaryCrossentropy() if target.kind == "labels" or one_unit else CategoricalCrossentropy()


def _suited(loss: LossFunction) -> tuple[str, ...]:
    """The kinds of output activations that suit a loss; "" stands for none."""
    if loss.kind in OF_POSITIVE_VALUES:
        return POSITIVE
    usual = loss.output_activation or "linear"
    alike = ("tanh",) if loss.margin else ()
    return ("" if usual == "linear" else usual, *alike)


def _with_ends(spec: ExperimentSpec, changed: dict[_End, Layers]) -> ModelSpec | GraphSpec:
    """The network with these layers in place of each end."""
    if not isinstance(spec.model, GraphSpec):
        before, _, _ = split_output(spec.model.layers)
        (end,) = changed.values()
        return spec.model.model_copy(update={"layers": (*before, *end)})
    first = {end.names[0]: layers for end, layers in changed.items()}
    rest = {name for end in changed for name in end.names[1:]}

    def change(place: Place) -> Layers:
        return first.get(place.name, () if place.name in rest else (place.layer,))

    return rewritten(spec, change, only_hidden=False)


REMEDY = Remedy(
    name="output_matched_to_task",
    title="Output and loss that suit the task",
    order=30,
    changes=(
        "Classes get softmax units with categorical_crossentropy, or one sigmoid unit with binary_crossentropy; "
        "labels sigmoid units with binary_crossentropy; values linear units. A loss that suits the task stays, and "
        "the activation follows it."
    ),
    source=(
        "Bishop 2006, sections 4.3.6 and 5.2 (canonical links: the gradient by the pre-activation is then prediction "
        "minus target); AutoTrainer (Zhang et al. 2021)."
    ),
    apply=_apply,
)
