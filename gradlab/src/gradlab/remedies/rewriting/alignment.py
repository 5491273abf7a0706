"""Alignment of two networks: pairs of corresponding layers, and their differences."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as field_of
from typing import Any

from gradlab.spec import ExperimentSpec, NamedLayer
from gradlab.spec.network import is_chain
from gradlab.vocabulary.activations import Linear
from gradlab.vocabulary.layers.convolution import Convolution
from gradlab.vocabulary.layers.dense import Dense

Json = Any

SORTS = {
    "batch_normalization": "normalization",
    "layer_normalization": "normalization",
    "group_normalization": "normalization",
    "rms_normalization": "normalization",
    "dropout": "regularization",
    "gaussian_noise": "regularization",
    "alpha_dropout": "regularization",
    "gaussian_dropout": "regularization",
    "spatial_dropout1d": "regularization",
    "spatial_dropout2d": "regularization",
    "spatial_dropout3d": "regularization",
    "activation": "activation",
}
SORTS_OF_FIELDS = {
    "initializer": "initializer",
    "regularizer": "regularization",
    "constraint": "regularization",
    "activation": "activation",
}


@dataclass(frozen=True)
class LayerChange:
    """One change in one layer.

    Attributes:
        layer: the layer's name before the change; for a new layer the name of the one that it is behind or around.
        where: the field; ``behind``, ``before_activation`` or ``around`` for a new layer; "" for a layer that was
            removed or replaced.
        before: the value before; None for nothing.
        after: the value after; None for nothing.
        sort: the sort of change, a key of `gradlab.remedies.rewriting.comparison.WEIGHTS`.
        field: the field, or the kind of layer that was added or removed.
    """

    layer: str
    where: str
    before: Json
    after: Json
    sort: str
    field: str


@dataclass(frozen=True)
class _Part:
    """A layer without its activation, or an activation.

    Attributes:
        layer: the layer's name.
        kind: the layer's kind; ``activation`` for any activation.
        values: the compared fields: name -> value.
        whole: the layer as in the spec; empty for an activation that is a field of a layer.
        inside: for a block the name of its first inner layer.
    """

    layer: str
    kind: str
    values: dict[str, Json]
    whole: dict[str, Json] = field_of(default_factory=dict)
    inside: str = ""


def changes(before: ExperimentSpec, after: ExperimentSpec) -> tuple[LayerChange, ...]:
    """Return the changes of the network, from the input to the output."""
    pairs = list(_aligned(_parts(before), _parts(after)))
    gone = [left for left, right in pairs if left and left.whole and not right]
    new = {right.layer for left, right in pairs if right and right.whole and not left}
    names = {right.layer: left.layer for left, right in pairs if left and right}  # name after -> name before
    result: list[LayerChange] = []
    last = "input"
    for place, (left, right) in enumerate(pairs):
        if left and right:
            result.extend(_within(left, right))
        elif left and (left.whole or left.layer not in {part.layer for part in gone}):
            result.append(_gone(left, gone))
        elif right and right.inside:
            result.append(_come(right, names.get(right.inside, right.inside), "around"))
        elif right and (right.whole or right.layer not in new):
            behind = next((part for _, part in pairs[place + 1 :] if part), None)
            activated = behind is not None and behind.kind == "activation" and right.layer != behind.layer
            result.append(_come(right, last, "before_activation" if activated else "behind"))
        if right and not right.inside:
            last = names.get(right.layer, right.layer)
    return (*result, *_rewired(before, after, _wholes(pairs)))


def counterparts(before: ExperimentSpec, after: ExperimentSpec) -> dict[str, str]:
    """Return the name before the change of each layer that corresponds to one before it."""
    return _wholes(_aligned(_parts(before), _parts(after)))


def _wholes(pairs: Iterable[tuple[_Part | None, _Part | None]]) -> dict[str, str]:
    """The layers that correspond: name after the change -> name before it."""
    return {right.layer: left.layer for left, right in pairs if left and right and left.whole and right.whole}


def _rewired(before: ExperimentSpec, after: ExperimentSpec, names: dict[str, str]) -> Iterator[LayerChange]:
    """The changes of what corresponding layers take, and of whose weights they use.

    Args:
        before: the spec before the change.
        after: the spec after it.
        names: name after the change -> name before it, of the layers that correspond.
    """
    chains = [is_chain(spec.network) for spec in (before, after)]
    if all(chains):
        return
    if any(chains):
        models = [spec.model.model_dump(mode="json") for spec in (before, after)]
        yield LayerChange("", "", models[0], models[1], "architecture", "nodes")
        return
    left, right = ({layer.name: layer for layer in spec.layers} for spec in (before, after))
    same = {name: name for name in names.values()}
    for new, old in names.items():
        mine, theirs = _taken(left, old, same), _taken(right, new, names)
        if mine != theirs:
            yield LayerChange(old, "inputs", mine, theirs, "architecture", "inputs")
        owner, other = left[old].shares, names.get(right[new].shares, right[new].shares)
        if owner != other:
            yield LayerChange(old, "shares", owner or None, other or None, "architecture", "shares")


def _taken(layers: dict[str, NamedLayer], name: str, names: dict[str, str]) -> list[str]:
    """The inputs of a layer, by the names before the change; layers that have no counterpart are passed over."""
    taken = []
    for source in _outside(layers[name]):
        while source in layers and source not in names and len(_outside(layers[source])) == 1:
            source = layers[source].inputs[-1]  # of a block the output of its layers inside
        taken.append(names.get(source, source))
    return taken


def _outside(layer: NamedLayer) -> tuple[str, ...]:
    """The inputs of a layer, of a block without the output of its layers inside."""
    return layer.inputs[:-1] if layer.inner else layer.inputs


def _within(left: _Part, right: _Part) -> Iterator[LayerChange]:
    """The changes between two parts that correspond."""
    if left.kind != right.kind:
        yield LayerChange(left.layer, "", left.whole, right.whole, "architecture", left.kind)
        return
    if left.values.get("layer.kind") != right.values.get("layer.kind"):
        yield LayerChange(left.layer, "layer", left.whole["layer"], right.whole["layer"], "architecture", "layer")
        return
    for name, value in left.values.items():
        if value != right.values[name]:
            sort = SORTS.get(left.kind) or SORTS_OF_FIELDS.get(name.rpartition("_")[2], "architecture")
            yield LayerChange(left.layer, name, value, right.values[name], sort, name.removeprefix("layer."))


def _gone(left: _Part, gone: list[_Part]) -> LayerChange:
    """The change that removed a part."""
    if not left.whole:
        return LayerChange(
            left.layer, "activation", left.values["activation"], {"kind": "linear"}, "activation", left.kind
        )
    if any(part.kind not in SORTS for part in gone):  # norms and the like are removed with their layers
        return LayerChange(left.layer, "", left.whole, None, "architecture", "layers")
    return LayerChange(left.layer, "", left.whole, None, SORTS[left.kind], left.kind)


def _come(right: _Part, anchor: str, where: str) -> LayerChange:
    """The change that added a part behind, around or before the activation of the layer `anchor`."""
    sort = SORTS.get(right.kind, "architecture")
    if right.whole:
        return LayerChange(anchor, where, None, right.whole, sort, right.kind)
    return LayerChange(anchor, "activation", {"kind": "linear"}, right.values["activation"], sort, right.kind)


def _parts(spec: ExperimentSpec) -> list[_Part]:
    return [part for layer in spec.layers for part in _parts_of(layer)]


def _parts_of(named: NamedLayer) -> Iterator[_Part]:
    whole = named.spec.model_dump(mode="json", exclude={"repeat", "layers"})
    values = {name: value for name, value in whole.items() if name != "kind"}
    if isinstance(values.get("layer"), dict):  # a bidirectional layer is compared by its inner layer
        inside = values.pop("layer")
        values |= {f"layer.{name}": value for name, value in inside.items() if name != "repeat"}
    if not isinstance(named.spec, Dense | Convolution):
        yield _Part(named.name, named.spec.kind, values, whole, named.inner[0].name if named.inner else "")
        return
    del values["activation"]
    yield _Part(named.name, named.spec.kind, values, whole)
    if named.spec.activation != Linear():
        yield _Part(named.name, "activation", {"activation": whole["activation"]})


def _aligned(left: list[_Part], right: list[_Part]) -> Iterator[tuple[_Part | None, _Part | None]]:
    """Pairs of parts; None beside a part that was removed or added.

    Equal parts at both ends correspond. Between them parts are paired in order, by their kind. A part was added if its
    kind is more frequent in the rest of `right` than in the rest of `left`, and removed in the opposite case.
    """
    begin = _common(left, right)
    end = _common(left[begin:][::-1], right[begin:][::-1])
    while end and not (left[-end].whole and right[-end].whole):
        end -= 1  # an activation belongs to the layer before it
    yield from zip(left[:begin], right[:begin], strict=True)
    yield from _paired(left[begin : len(left) - end], right[begin : len(right) - end])
    yield from zip(left[len(left) - end :], right[len(right) - end :], strict=True)


def _common(left: list[_Part], right: list[_Part]) -> int:
    """The number of equal parts at the beginning of both."""
    alike = 0
    for one, other in zip(left, right, strict=False):
        if (one.kind, one.values) != (other.kind, other.values):
            break
        alike += 1
    return alike


def _is_a_layer(part: _Part) -> bool:
    """True for a part that another layer may replace: a layer that is neither a block nor a norm nor a field."""
    return bool(part.whole) and not part.inside and part.kind not in SORTS


def _paired(left: list[_Part], right: list[_Part]) -> Iterator[tuple[_Part | None, _Part | None]]:
    """Pairs of the parts between the equal ends, in order and by kind."""
    missing = Counter(part.kind for part in left)
    missing.subtract(part.kind for part in right)  # above 0: more of them on the left
    here, there = 0, 0
    while here < len(left) or there < len(right):
        one = left[here] if here < len(left) else None
        other = right[there] if there < len(right) else None
        if one and other and one.kind != other.kind:
            goes, comes = missing[one.kind] > 0, missing[other.kind] < 0
            becomes = _is_a_layer(one) and _is_a_layer(other)
            if comes and not (goes and becomes):
                one = None
            elif not becomes or (goes and not comes):
                other = None
        yield one, other
        if one:
            here += 1
            missing[one.kind] -= 1
        if other:
            there += 1
            missing[other.kind] += 1
