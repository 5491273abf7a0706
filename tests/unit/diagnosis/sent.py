"""Runs of this service as somebody else's process would send them, with everything that a Watch knows."""

from dataclasses import replace
from typing import Any

from gradlab.diagnosis import ExternalRun, Run
from gradlab.facts import TensorWiring, Wiring
from gradlab.facts.wiring import ClassShares, InputScale, LossScale
from gradlab.spec import ExperimentSpec, ExternalSpec

KERAS = {"keras": "3.15.0", "tensorflow": "2.21.0"}


def described(spec: ExperimentSpec) -> dict[str, Any]:
    """The fields of an `ExternalSpec` that describe this experiment."""
    target, training = spec.dataset.target, spec.training
    kinds = {series.kind: series.every for series in spec.layout.series}
    logits = bool(getattr(training.loss, "from_logits", False))
    return {
        "source": "external",
        "layers": [_layer(layer) for layer in spec.layers],
        "metrics": list(spec.layout.metrics),
        "record": {kind: kinds.get(kind, 0) for kind in ("gradients", "weights", "activations", "signals")},
        "epochs": training.epochs,
        "seeds": list(spec.seeds),
        "loss": {"kind": training.loss.kind, "from_logits": logits},
        "optimizer": training.optimizer.model_dump(mode="json"),
        "target": {"kind": target.kind, "count": target.count, "steps": list(target.steps)},
        "train_count": spec.dataset.train_count,
        "batch_size": training.batch_size,
        "versions": KERAS,
    }


def _layer(layer: Any) -> dict[str, Any]:
    return {
        "name": layer.name,
        "class_name": "".join(part.capitalize() for part in layer.spec.kind.split("_")),
        "output_shape": list(layer.output_shape),
        "input_shape": list(layer.input_shape),
        "configuration": layer.spec.model_dump(mode="json") | {"repeat": 1},
        "activation": layer.spec.function.kind if layer.spec.function else None,
        "parameters": [{"name": each.parameter, "shape": list(each.shape)} for each in layer.tensors],
    }


def wired(spec: ExperimentSpec) -> Wiring:
    """The wiring that a Watch sees of a loop like the engine's of this service."""
    batch = min(spec.training.batch_size, spec.dataset.train_count)
    shape = (batch, *spec.layers[-1].output_shape)
    form = "values" if spec.dataset.target.kind == "values" else "one_hot"
    counts = TensorWiring(batches=5, missing=0, zero=0, in_optimizer=True, frozen=False, changed=True)
    return Wiring(
        tensors={f"{each.layer}/{each.parameter}": counts for layer in spec.layers for each in layer.tensors},
        training_mode=1.0,
        output_shape=shape,
        target_shape=shape,
        target_form=form,
        batches_repeat=False,
        batch_class_shares=ClassShares(batch=0.5, all=0.5),
        kept_gradients=0.0,
        loss_scale=LossScale(steps=5, skipped=0),
        input_scale=InputScale(train_mean=0.0, train_std=1.0, val_mean=0.0, val_std=1.0),
    )


def as_sent(run: Run, **changes: Any) -> ExternalRun:
    """The same run as an external training with everything, some fields of its spec changed."""
    external = ExternalSpec.model_validate(described(run.spec) | changes)
    history = run.history
    kinds = {series.kind for series in external.layout.series}
    series = {kind: values for kind, values in history.series.items() if kind in kinds}
    layout = external.layout
    for each in layout.series:
        own = history.layout[each.kind]
        assert (each.tensors, each.columns, each.every) == (own.tensors, own.columns, own.every)
    recorded = replace(history, layout=layout, series=series)
    return ExternalRun(external, run.seed, recorded, run.stopped_by, run.facts, wired(run.spec))
