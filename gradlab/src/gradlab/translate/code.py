"""Cures in the user's own words: what a remedy changes in a network that is trained elsewhere, and as code."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gradlab.errors import Invalid
from gradlab.frozen import ByName
from gradlab.remedies import Difference, Remedy, difference
from gradlab.spec import ExperimentSpec, ExternalSpec
from gradlab.spec.external_layer import ExternalLayer
from gradlab.translate import keras_lines, torch_lines
from gradlab.translate.equivalent import Equivalent, activation_behind, alone, equivalent
from gradlab.translate.rewritten import Piece, pieces
from gradlab.vocabulary.optimizers import GradientOptimizer

# The parts of a spec that are no layers.
TRAINING = ("training.", "dataset.")
# Remedies that depend on all layers together, or on the output: where not all layers are known, their words remain.
OF_WHOLE_NETWORKS = (
    "fewer_layers", "wider_layers", "residual_connections", "output_matched_to_task", "target_scaling",
)  # fmt: skip
# Different hidden layers that are rewritten one by one; each takes about a millisecond.
MAX_EXPRESSED = 50


@dataclass(frozen=True)
class Cure:
    """Changes of a remedy to a network that is trained elsewhere.

    Attributes:
        changes: the fields that it changes, by the user's names of the layers; () where they are not known.
        code: the same as Keras or PyTorch code, one fragment for each change; None where nothing can be written.
            It is a text to copy from, and is never run.
    """

    changes: tuple[Difference, ...]
    code: str | None


def cures_of(external: ExternalSpec, remedies: Sequence[Remedy]) -> Iterator[tuple[Remedy, Cure]]:
    """Yield the remedies that apply to a network that is trained elsewhere, with what they change in it.

    If all layers were sent with their configurations and form a chain, a remedy rewrites their equivalent in this
    service. Else it rewrites each layer that is known by itself. What is not known is left to the remedy's own words.
    """
    whole = equivalent(external)
    networks = [] if whole else _expressed(external)
    for remedy in remedies:
        cure = _of_whole(external, whole, remedy) if whole else _of_expressed(external, networks, remedy)
        if cure is not None:
            yield remedy, cure


def keras_code_of(before: ExperimentSpec, after: ExperimentSpec) -> str | None:
    """Return what differs between two specs of this service as Keras code to copy from; None if nothing is written."""
    names = {layer.name: layer.name for layer in before.layers}
    training = [each for each in difference(before, after) if each.path.startswith(TRAINING)]
    if isinstance(after.training.loss, ByName):
        training = list(_with_all_losses(training, after))
    code = _code(None, before.training.optimizer, pieces(Equivalent(before, names), after), training)
    return "\n\n".join([*_prepared(before, after), *([code] if code else [])]) or None


def _with_all_losses(training: Iterable[Difference], after: ExperimentSpec) -> Iterator[Difference]:
    """Yield the changes of a training; that of one output's loss as the losses of all, as `compile` takes them."""
    is_changed = False
    for each in training:
        if each.path.split(".")[:2] != ["training", "loss"]:
            yield each
        elif not is_changed:
            is_changed = True
            yield replace(each, path="training.loss", after=after.training.model_dump(mode="json")["loss"])


def _prepared(before: ExperimentSpec, after: ExperimentSpec) -> list[str]:
    """Return the code of the steps that the samples are prepared by in `after` alone."""
    if before.dataset.is_drawn:
        return []
    from gradlab.translate.preparation_code import preparation_code  # no other experiment waits for it

    return preparation_code(after.dataset, beyond=before.dataset)


def _of_whole(external: ExternalSpec, whole: Equivalent, remedy: Remedy) -> Cure | None:
    """Return what a remedy changes; None if it does not apply."""
    try:
        after = remedy.apply(whole.spec)
    except Invalid:
        return None
    return _cure(external, pieces(whole, after), _training(external, whole.spec, after))


def _expressed(external: ExternalSpec) -> list[tuple[Equivalent, tuple[str, ...]]]:
    """Return a network of each different hidden layer that is known, with the names of the layers that equal it."""
    hidden = [layer for layer in external.layers if layer.parameters][:-1]  # the last one is the output
    alike: dict[object, list[ExternalLayer]] = {}
    for layer in hidden:
        if layer.configuration is not None:
            behind = [repr(each.configuration) for each in activation_behind(external, layer)]
            alike.setdefault((layer.configuration.model_dump_json(), *behind, layer.input_axes), []).append(layer)
    networks = [(alone(external, layers[0]), layers) for layers in list(alike.values())[:MAX_EXPRESSED]]
    return [(network, tuple(layer.name for layer in layers)) for network, layers in networks if network]


def _of_expressed(
    external: ExternalSpec, networks: Sequence[tuple[Equivalent, tuple[str, ...]]], remedy: Remedy
) -> Cure | None:
    """Return what a remedy changes in the layers that are known; None if all are known, and it applies to none."""
    if remedy.name in OF_WHOLE_NETWORKS:
        return Cure((), None)
    changed_layers: list[Piece] = []
    training: tuple[Difference, ...] = ()
    for network, names in networks:
        try:
            after = remedy.apply(network.spec)
        except Invalid:
            continue
        made = pieces(network, after)
        changed_layers += [replace(each, layer=name) for each in made if each.layer == names[0] for name in names]
        changed_layers += [each for each in made if each.layer != names[0]]
        training = training or _training(external, network.spec, after)
    hidden = [layer for layer in external.layers if layer.parameters][:-1]
    if not changed_layers and not training and sum(len(names) for _, names in networks) == len(hidden) > 0:
        return None
    return _cure(external, changed_layers, training)


def _training(external: ExternalSpec, before: ExperimentSpec, after: ExperimentSpec) -> tuple[Difference, ...]:
    """Return the changes of training and data, without those of what was not sent."""
    unknown = [
        field
        for field, sent in (("training.optimizer", external.optimizer), ("training.batch_size", external.batch_size))
        if sent is None
    ]
    return tuple(
        each
        for each in difference(before, after)
        if each.path.startswith(TRAINING) and not any(each.path.startswith(field) for field in unknown)
    )


def _cure(external: ExternalSpec, changed_layers: list[Piece], training: tuple[Difference, ...]) -> Cure:
    code = _code(external, external.optimizer, changed_layers, training)
    return Cure((*training, *_differences(changed_layers)), code)


def _code(
    external: ExternalSpec | None,
    optimizer: GradientOptimizer | None,
    changed_layers: list[Piece],
    training: Iterable[Difference],
) -> str | None:
    """Return changes as code to copy from; None if none can be written.

    Args:
        external: the training elsewhere, whose framework the code is for; None for one in this service, for Keras.
        optimizer: the optimiser before the changes; None if it is unknown.
        changed_layers: the changes of layers.
        training: the changes of training and data.
    """
    write = torch_lines if external is not None and external.framework == "torch" else keras_lines
    after = _after(optimizer, training)
    blocks = [*write.of_pieces(external, changed_layers), *write.of_training(external, after)]
    return "\n\n".join(blocks) or None


def _after(before: GradientOptimizer | None, training: Iterable[Difference]) -> Mapping[str, Any]:
    """Return the changed fields of training and data with their new values; an optimiser as a whole."""
    values: dict[str, Any] = {}
    for each in training:
        if each.path.startswith("training.optimizer"):
            optimizer = values.setdefault("optimizer", before.model_dump(mode="json") if before else None)
            _, _, field = each.path.partition("training.optimizer.")
            values["optimizer"] = _replaced(optimizer, field, each.after)
        else:
            part, _, field = each.path.partition(".")
            values[field.partition(".")[0] if part == "training" else each.path] = each.after
    return values


def _replaced(data: Any, field: str, value: Any) -> Any:
    """Return `data` with another value at a path; the value alone if the path is empty."""
    if not field:
        return value
    name, _, rest = field.partition(".")
    return {**data, name: _replaced(data[name], rest, value)}


def _differences(changed_layers: list[Piece]) -> list[Difference]:
    """Return the changes of layers, by the user's names."""
    return [each for piece in changed_layers for each in _of_piece(piece)]


def _of_piece(piece: Piece) -> list[Difference]:
    before = piece.before.model_dump(mode="json", exclude={"repeat", "layers"})
    if piece.around is not None:
        return [Difference(f"{piece.layer}.around", None, {"kind": "residual", "scale": piece.around}, "", "residual")]
    if not piece.after:
        return [Difference(piece.layer, before, None, "architecture", "layers")]
    same = next((each for each in piece.after if type(each) is type(piece.before)), None)
    if same is None:
        after = piece.after[0].model_dump(mode="json", exclude={"repeat"})
        return [Difference(piece.layer, before, after, "architecture", piece.before.kind)]
    changed = [
        Difference(f"{piece.layer}.{field}", _at(before, field), _at(same.model_dump(mode="json"), field), "", field)
        for field in piece.fields
    ]
    added = [each for each in piece.after if each is not same and each.kind != "activation"]
    return [
        *changed,
        *(
            Difference(f"{piece.layer}.behind", None, each.model_dump(mode="json", exclude={"repeat"}), "", each.kind)
            for each in added
        ),
    ]


def _at(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data[name]
    return data
