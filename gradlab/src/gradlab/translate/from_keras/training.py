"""Compile configuration of a Keras model: loss, optimiser and metrics, in the vocabulary."""

from collections.abc import Mapping
from typing import Any

from gradlab.frozen import Frozen, added
from gradlab.spec.training import LossOrLosses, LossWeights, MetricNames
from gradlab.translate.from_keras.by_output import OutputNames, by_output, is_by_output
from gradlab.translate.from_keras.notes import Notes, Untranslatable
from gradlab.translate.from_keras.objects import KerasObject, function_name, keras_object, plain
from gradlab.translate.from_keras.table import by_class, defaults_of, loss_kind, metric_kind
from gradlab.translate.from_keras.values import Fields, check_left_out, class_fields, validated
from gradlab.vocabulary.losses import BY_KIND, Loss
from gradlab.vocabulary.metrics import BY_KIND as METRICS
from gradlab.vocabulary.optimizers import OPTIMIZERS, Optimizer
from gradlab.vocabulary.schedules import SCHEDULES, Schedule

# Names of optimisers as `compile` takes them, beside their classes.
OPTIMIZER_NAMES = {each.keras_name.lower(): each.keras_name for each in OPTIMIZERS}
# Ways to sum up a loss that give the mean over the samples. Keras 2's is "auto".
MEANS = ("sum_over_batch_size", "auto", "mean")


class CompiledTraining(Frozen):
    """Loss, optimiser and metrics of a compiled model. Epochs and batches are arguments of `fit` alone."""

    loss: LossOrLosses
    """The loss to minimise; for a model with several outputs also an object with the loss of each."""
    optimizer: Optimizer
    """The optimiser, with clipping and schedule."""
    metrics: MetricNames | None = None
    """The metrics that the vocabulary has, of several outputs by output; null for the usual ones of the target."""
    loss_weights: LossWeights | None = added(None)
    """The weight of the loss of each of several outputs; null for equal ones."""


def compiled(config: Mapping[str, Any], notes: Notes, outputs: OutputNames = ()) -> CompiledTraining | None:
    """Return loss, optimiser and metrics from a compile configuration; None if there is no loss in it.

    Args:
        config: the configuration.
        notes: where problems go.
        outputs: the name that Keras has for each output, and its name in the spec.
    """
    if config.get("loss") is None:
        return None
    several = outputs if len(outputs) > 1 else ()
    values: Fields = {}
    for name, read in (
        ("loss", _losses_of),
        ("loss_weights", _weights_of),
        ("metrics", _metrics_of),
        ("optimizer", _optimizer_of),
    ):
        given = config.get(name, config.get(f"{name}_config"))
        try:
            values[name] = read(given, notes, several)
        except Untranslatable as error:
            notes.refuse(f"compile.{name}", error.expected, error.received)
    if given := config.get("weighted_metrics"):
        notes.drop("compile.weighted_metrics", given, "metrics change nothing in a training")
    return CompiledTraining.model_validate(values) if len(values) == 4 else None


def _losses_of(given: Any, notes: Notes, outputs: OutputNames) -> Fields:
    if not outputs or not is_by_output(given):
        return loss_of(given, notes)
    by_name = by_output(given, outputs, "a loss for each output")
    return {name: loss_of(each, notes) for name, each in by_name.items()}


def _weights_of(given: Any, notes: Notes, outputs: OutputNames) -> Fields | None:
    if not given:
        return None
    if outputs:
        return {
            name: float(plain(each)) for name, each in by_output(given, outputs, "a weight for each output").items()
        }
    weights = given.values() if isinstance(given, dict) else given if isinstance(given, list | tuple) else (given,)
    if any(weight != 1 for weight in weights):
        raise Untranslatable("one loss of weight 1", given)
    return None


def _metrics_of(given: Any, notes: Notes, outputs: OutputNames) -> tuple[str, ...] | Fields | None:
    """Return the metrics; Keras has none for an output that its object does not name."""
    if not outputs or not is_by_output(given):
        return _metrics(given, notes)
    by_name = by_output(given, outputs, "metrics for each output", is_whole=False)
    kinds = {name: metrics for name, each in by_name.items() if (metrics := _metrics(each, notes))}
    return kinds or None


def _optimizer_of(given: Any, notes: Notes, outputs: OutputNames) -> Fields:
    return optimizer_of(given, notes)


def loss_of(value: Any, notes: Notes) -> Fields:
    """Return a loss as fields of the vocabulary.

    Raises:
        Untranslatable: the vocabulary has none of its name, or not with these arguments.
    """
    while isinstance(value, dict | list | tuple) and keras_object(value) is None and len(value) == 1:
        (value,) = value.values() if isinstance(value, dict) else value
    if is_by_output(value):
        raise Untranslatable("one loss for each output", f"{len(value)} losses")
    thing = keras_object(value)
    name = function_name(value)
    if name is None and thing is not None and thing.is_of_keras:
        name = thing.class_name
    kind = None if name is None else loss_kind(name)
    if name is None or kind is None:
        expected = f"a loss of Keras that the vocabulary has ({', '.join(BY_KIND)}): code is never loaded"
        raise Untranslatable(expected, name or (thing.class_name if thing else value))
    if name.lower().startswith("sparse") and not kind.startswith("sparse"):
        notes.remark(
            f"The loss {name} takes whole numbers; {kind} of this service takes classes by task, and is the same."
        )
    given = thing.config if thing is not None and thing.class_name != "function" else {}
    return _loss_fields(name, kind, given, notes)


def _loss_fields(class_name: str, kind: str, config: Mapping[str, Any], notes: Notes) -> Fields:
    values: Fields = {"kind": kind}
    for name, value in config.items():
        if name in BY_KIND[kind].model_fields and name != "kind":
            values[name] = plain(value)
        elif name == "reduction":
            if value not in MEANS:
                raise Untranslatable("the mean over the batch (sum_over_batch_size)", f"reduction {value}")
        elif name != "dtype":
            check_left_out("losses", class_name, name, value, notes, "compile.loss")
    spec: Frozen = validated(Loss, values)
    return spec.model_dump()


def optimizer_of(value: Any, notes: Notes) -> Fields:
    """Return an optimiser with clipping and schedule as fields of the vocabulary.

    Raises:
        Untranslatable: the vocabulary has none of its class, or not with these arguments.
    """
    thing = keras_object(value)
    if thing is None and isinstance(value, str):
        thing = KerasObject(OPTIMIZER_NAMES.get(value.lower(), value), {})
    if thing is None or not thing.is_of_keras:
        raise Untranslatable("an optimiser of Keras", thing.class_name if thing else value)
    config = dict(thing.config)
    class_name = thing.class_name.removeprefix("Experimental").removeprefix("Legacy")
    if "lr" in config:
        config["learning_rate"] = config.pop("lr")
    schedule = keras_object(config.get("learning_rate"))
    if schedule is not None:
        config["learning_rate"] = schedule_of(schedule, notes)
    if config.get("ema_momentum") is not None and not config.get("use_ema"):
        del config["ema_momentum"]  # of an average that is not taken
    return _optimizer_fields(class_name, config, notes)


def _optimizer_fields(class_name: str, config: Fields, notes: Notes) -> Fields:
    member = by_class(OPTIMIZERS, class_name)
    if member is None:
        raise Untranslatable(f"one of {', '.join(each.keras_name for each in OPTIMIZERS)}", class_name)
    rate = config.pop("learning_rate", None)
    values = class_fields(
        KerasObject(class_name, config), "optimizers", OPTIMIZERS, Optimizer, notes, "compile.optimizer"
    )
    if rate is None:
        return values
    spec: Frozen = validated(Optimizer, values | {"learning_rate": rate if isinstance(rate, dict) else plain(rate)})
    return spec.model_dump()


def schedule_of(thing: KerasObject, notes: Notes) -> Fields:
    """Return a learning-rate schedule as fields of the vocabulary.

    Raises:
        Untranslatable: the vocabulary has none of its class, or not with these arguments.
    """
    # Keras takes numbers of steps as they come; the vocabulary has whole ones.
    steps = {
        name: int(value) if isinstance(value, float) and value.is_integer() and "steps" in name else value
        for name, value in thing.config.items()
    }
    whole = KerasObject(thing.class_name, steps, thing.module, thing.registered_name)
    if not whole.is_of_keras:
        raise Untranslatable("a schedule of Keras: code of your own is never loaded", thing.class_name)
    return class_fields(whole, "schedules", SCHEDULES, Schedule, notes, "compile.optimizer.learning_rate")


def _metrics(listed: Any, notes: Notes) -> tuple[str, ...] | None:
    """Return the metrics that the vocabulary has; the others change nothing in a training, and are left out."""
    kinds: dict[str, None] = {}
    for value in _flat(listed):
        thing = keras_object(value)
        name = function_name(value) or (thing.class_name if thing is not None else None)
        kind = None if name is None else _metric_kind(name, thing)
        if kind is None:
            notes.drop("compile.metrics", name or value, "the vocabulary has no such metric")
        elif kind not in ("loss",):
            kinds[kind] = None
    return tuple(kinds) or None


def _metric_kind(name: str, thing: KerasObject | None) -> str | None:
    config = thing.config if thing is not None else {}
    if name in ("TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy"):
        return "top_5_accuracy" if config.get("k", 5) == 5 and "top_5_accuracy" in METRICS else None
    kind = metric_kind(name)
    defaults = defaults_of("metrics", name)
    apart = {"name", "dtype"}
    changed = any(value != defaults.get(key, value) for key, value in config.items() if key not in apart)
    return None if changed else kind


def _flat(listed: Any) -> list[Any]:
    if listed is None:
        return []
    if isinstance(listed, dict) and keras_object(listed) is None:
        return [each for inner in listed.values() for each in _flat(inner)]
    if isinstance(listed, list | tuple):
        return [each for inner in listed for each in _flat(inner)]
    return [listed]
