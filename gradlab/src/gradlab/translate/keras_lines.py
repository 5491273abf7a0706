"""Fragments of Keras code, one for each change."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from gradlab.frozen import ByName
from gradlab.spec import ExternalSpec
from gradlab.spec.training import LossOrLosses
from gradlab.translate.keras_code import by_output_code, layer_code, loss_code, optimizer_code
from gradlab.translate.rewritten import Piece, alike
from gradlab.vocabulary.losses import Loss, LossFunction
from gradlab.vocabulary.optimizers import GradientOptimizer, Optimizer

OPTIMIZER: TypeAdapter[GradientOptimizer] = TypeAdapter(Optimizer)
LOSS: TypeAdapter[LossFunction] = TypeAdapter(Loss)
LOSSES: TypeAdapter[LossFunction | ByName[LossFunction]] = TypeAdapter(LossOrLosses)
MAX_NAMES = 4  # of layers that a comment lists


def of_pieces(external: ExternalSpec | None, changed_layers: list[Piece]) -> list[str]:
    """Return a fragment for each different change of layers: a comment with their names, and the layers."""
    return [_fragment(piece, names) for piece, names in alike(changed_layers)]


def heading(names: list[str]) -> str:
    """Return the names of layers as a comment's text; of many the first and the last."""
    shown = names if len(names) <= MAX_NAMES else [names[0], "…", names[-1]]
    return " ".join(", ".join(shown).replace(", …,", " …").split())


def of_training(external: ExternalSpec | None, after: Mapping[str, Any]) -> list[str]:
    """Return a fragment for each change of training and data; `external` is None for a training in this service."""
    blocks = []
    compiled = []
    if "optimizer" in after:
        compiled.append(f"optimizer={optimizer_code(OPTIMIZER.validate_python(after['optimizer']))}")
    if "loss" in after:
        sparse = external is not None and external.loss is not None and external.loss.kind.startswith("sparse_")
        compiled.append(f"loss={_losses(after['loss'], sparse=sparse)}")
    if compiled:
        blocks.append(f"model.compile({', '.join(compiled)})")
    fitted = [f"{field}={after[field]}" for field in ("batch_size", "epochs") if field in after]
    if stopping := after.get("early_stopping"):
        arguments = f'monitor="{stopping["monitor"]}", patience={stopping["patience"]}'
        fitted.append(f"callbacks=[keras.callbacks.EarlyStopping({arguments})]")
    if fitted:
        blocks.append(f"model.fit(x, y, {', '.join(fitted)})")
    return blocks + scaling(after)


def _losses(value: Any, *, sparse: bool) -> str:
    """Return a loss, or the losses of several outputs by name, as an argument of `compile`."""
    loss = LOSSES.validate_python(value)
    several = loss if isinstance(loss, ByName) else {"": loss}
    return by_output_code({name: loss_code(each, sparse=sparse) for name, each in several.items()})


def scaling(after: Mapping[str, Any]) -> list[str]:
    """Return the statements that standardise inputs or targets by the training samples."""
    blocks = []
    if "dataset.scale" in after:
        blocks.append(
            "mean, std = x.mean(axis=0), x.std(axis=0) + 1e-7  # of the training samples\n"
            "x, x_val = (x - mean) / std, (x_val - mean) / std"
        )
    if "dataset.target_scale" in after:
        blocks.append(
            "mean, std = y.mean(axis=0), y.std(axis=0)  # of the training samples\n"
            "y, y_val = (y - mean) / std, (y_val - mean) / std"
        )
    return blocks


def _fragment(piece: Piece, names: list[str]) -> str:
    where = heading(names)
    if piece.around is not None:
        factor = "" if piece.around == 1 else f"{piece.around!r} * "
        return f"# around {where}, up to its activation\nx = keras.layers.Add()([x, {factor}block(x)])"
    if not piece.after:
        return f"# without {where}"
    same = [type(each) is type(piece.before) for each in piece.after]
    calls = [layer_code(each, piece.fields if is_same else ()) for each, is_same in zip(piece.after, same, strict=True)]
    return "\n".join([f"# {where}", *(f"{call}," if len(calls) > 1 else call for call in calls)])
