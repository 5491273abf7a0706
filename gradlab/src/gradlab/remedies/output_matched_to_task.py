"""Output activation and loss that suit the targets and each other."""

from gradlab.errors import Problem
from gradlab.frozen import Frozen
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.layers import Layers, Place, end_of, field_of, split_output, weighted, with_weighted
from gradlab.remedies.rewriting.rewrite import rewritten
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec, ModelSpec
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


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    received = _activations(spec)
    loss = _loss(spec, received)
    refusal = Problem(
        field_of(spec),
        "an output whose activation and loss do not suit the task and each other already",
        f"{' then '.join(received) or 'linear'} with {loss.kind} for {spec.dataset.target}",
    )
    suits = len(received) <= 1 and "".join(received) in _suited(loss)
    model = None if suits else _ending(spec, loss.output_activation or "linear")
    return treated(spec, REMEDY.name, refusal, model=model, training={"loss": loss.model_dump(mode="json")})


def _end(spec: ExperimentSpec) -> tuple[LayerSpec, Layers]:
    """The output layer, or the block that holds it, and the layers behind it."""
    if isinstance(spec.model, GraphSpec):
        output, *behind = (named.spec for named in end_of(spec))
        return output, tuple(behind)
    _, output, end = split_output(spec.model.layers)
    return output, end


def _activations(spec: ExperimentSpec) -> tuple[str, ...]:
    """The kinds of activations behind the last weights, without linear ones."""
    output, behind = _end(spec)
    last = at_each_step(output)
    last = last.layer if isinstance(last, Bidirectional) else last
    through = [function for layer in (last, *map(at_each_step, behind)) if (function := layer.function) is not None]
    return tuple(function.kind for function in through if function != Linear())


def _loss(spec: ExperimentSpec, activations: tuple[str, ...]) -> LossFunction:
    """The spec's loss if it suits the task, else the usual one."""
    target = spec.dataset.target
    loss: LossFunction = spec.only_output.loss
    if target.kind == "values":
        positive = loss.kind in OF_POSITIVE_VALUES and activations[-1:] and activations[-1] in POSITIVE
        return loss if positive or loss.kind in OF_ANY_VALUE else MeanSquaredError()
    if loss.activation is not None:
        return loss
    one_unit = spec.layers[-1].output_shape[-1] == 1
    return BinaryCrossentropy() if target.kind == "labels" or one_unit else CategoricalCrossentropy()


def _suited(loss: LossFunction) -> tuple[str, ...]:
    """The kinds of output activations that suit a loss; "" stands for none."""
    if loss.kind in OF_POSITIVE_VALUES:
        return POSITIVE
    usual = loss.output_activation or "linear"
    alike = ("tanh",) if loss.margin else ()
    return ("" if usual == "linear" else usual, *alike)


def _ending(spec: ExperimentSpec, activation: str) -> ModelSpec | GraphSpec:
    """The network with `activation` as its only output activation."""
    end = _activated(spec, activation)
    if not isinstance(spec.model, GraphSpec):
        before, _, _ = split_output(spec.model.layers)
        return spec.model.model_copy(update={"layers": (*before, *end)})
    first, *rest = (named.name for named in end_of(spec))

    def change(place: Place) -> Layers:
        return end if place.name == first else () if place.name in rest else (place.layer,)

    return rewritten(spec, change, only_hidden=False)


def _activated(spec: ExperimentSpec, activation: str) -> Layers:
    """The output layer and the layers behind it, with `activation` as their only activation."""
    output, behind = _end(spec)
    behind = tuple(layer for layer in behind if not isinstance(at_each_step(layer), Activating))
    function: Frozen = ActivationLayer.model_validate({"activation": activation}).activation
    weights = weighted(output)
    if not isinstance(weights, Dense | Convolution):
        # A recurrent layer feeds its output back: the output activation needs a layer of its own.
        units = spec.layers[-1].output_shape[-1]
        return (output, *behind, Dense.model_validate({"units": units, "activation": function}))
    if not behind:
        return (with_weighted(output, weights.model_copy(update={"activation": function})),)
    linear = with_weighted(output, weights.model_copy(update={"activation": Linear()}))
    last = () if function == Linear() else (ActivationLayer.model_validate({"activation": function}),)
    return (linear, *behind, *last)


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
