"""Translation of the networks of Keras models, sequential or functional, and of the models inside them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.errors import Invalid, Problem
from gradlab.spec.graph import INPUT
from gradlab.translate.from_keras.calls import Call, TensorRef, calls_of, refs_of
from gradlab.translate.from_keras.layers import dtype_name, layer_of
from gradlab.translate.from_keras.network import Network, Placed
from gradlab.translate.from_keras.notes import Notes, Untranslatable
from gradlab.translate.from_keras.objects import KerasObject, keras_object
from gradlab.translate.from_keras.operations import Value, inputs_of_call, is_operation, operation_layer
from gradlab.translate.from_keras.order import in_order
from gradlab.vocabulary.layers import LayerSpec, Shape, ShapeMismatch
from gradlab.vocabulary.layers.regularization import Disturbance

SEQUENTIAL, FUNCTIONAL = "Sequential", ("Functional", "Model")
# Models inside one another. The limit on the depth of the text allows twelve.
MAX_NESTED = 16
# Calls of layers, nested models counted once.
MAX_CALLS = 10_000
INPUT_TYPES = ("float32", "float16", "bfloat16", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64",
               "uint64", "bool", None)  # fmt: skip
UNNAMEABLE = re.compile(r"[^A-Za-z0-9_-]")


class Builder:
    """Translates one model, and those inside it.

    Args:
        notes: where problems go.
        path: the model's path in the outermost one, with a slash behind it; "" for that one.
        depth: the number of models around it.
    """

    def __init__(self, notes: Notes, path: str = "", depth: int = 0) -> None:
        self._notes, self._path, self._depth = notes, path, depth
        self._network, self._taken = Network(), dict[str, int]()
        self._first: dict[str, Placed] = {}  # the first use of each layer, by its name in Keras
        self._inside: dict[str, Network] = {}
        if depth > MAX_NESTED:
            raise Invalid(Problem(path, f"at most {MAX_NESTED} models inside one another", "more"))

    def build(self, model: KerasObject, shapes: Sequence[Shape | None] = ()) -> Network:
        """Return a model's network; what cannot be translated is in the notes, and missing in it.

        Args:
            model: the model.
            shapes: the shapes of its inputs, from the model around it.
        """
        entries = model.config.get("layers")
        layers = [keras_object(each) for each in entries] if isinstance(entries, list | tuple) else []
        listed = [each for each in layers if each is not None]
        if not listed or len(listed) < len(layers):
            raise Invalid(Problem(f"{self._path}{model.name}", "a model with layers", "none, or one without a class"))
        if len(listed) > MAX_CALLS:
            raise Invalid(Problem(f"{self._path}{model.name}", f"at most {MAX_CALLS:,} layers", f"{len(listed):,}"))
        if model.class_name == SEQUENTIAL:
            self._sequential(model, listed, shapes)
        else:
            self._functional(model, listed, shapes)
        return self._network

    def _sequential(self, model: KerasObject, layers: list[KerasObject], shapes: Sequence[Shape | None]) -> None:
        first = layers[0]
        batch_shape = next(
            (
                each
                for source in (first.config, model.config, model.outer.get("build_config") or {})
                for name in ("batch_shape", "batch_input_shape", "build_input_shape", "input_shape")
                if isinstance(source, Mapping) and isinstance(each := source.get(name), list | tuple)
            ),
            None,
        )
        if first.class_name == "InputLayer":
            self._check_input(first)
            layers = layers[1:]
        value = self._add_input(INPUT, first.name, batch_shape, shapes[0] if shapes else None)
        for layer in layers:
            result = self._place(layer, layer.name, 0, Call(), [value])
            value = result[0] if len(result) == 1 else self._single(layer)
        self._close([value], [layers[-1].name] if layers else [])

    def _single(self, layer: KerasObject) -> Value:
        self._notes.refuse(f"{self._path}{layer.name}", "one output, as layers of a Sequential have", "several")
        return layer.name, None

    def _functional(self, model: KerasObject, layers: list[KerasObject], shapes: Sequence[Shape | None]) -> None:
        calls = self._calls(layers)
        values = self._inputs(model, {each.name: each for each in layers}, shapes)
        for layer, number, call in in_order(layers, calls, values.keys(), self._path):
            taken = [self._value(values, ref) for ref in call.refs]
            for output, value in enumerate(self._place(layer, layer.name, number, call, taken)):
                values[TensorRef(layer.name, number, output)] = value
        outputs = self._listed(model, "output_layers")
        self._close([self._value(values, ref) for ref in outputs], [ref.layer for ref in outputs])
        if isinstance(by_name := model.config.get("output_layers"), Mapping) and not self._depth:
            self._name_outputs(tuple(by_name))

    def _name_outputs(self, names: tuple[str, ...]) -> None:
        """Give the outputs of a model that has an object of them the names in it: data and losses are by those."""
        if len(names) == len(self._network.outputs):
            self._network.output_names = list(names)
            self._network.rename(dict(zip(self._network.outputs, names, strict=True)))

    def _calls(self, layers: list[KerasObject]) -> dict[str, list[Call]]:
        calls: dict[str, list[Call]] = {}
        for layer in layers:
            try:
                calls[layer.name] = calls_of(layer.outer.get("inbound_nodes", []))
            except Untranslatable as error:
                self._notes.refuse(f"{self._path}{layer.name}", error.expected, error.received)
                calls[layer.name] = []
        if sum(len(each) for each in calls.values()) > MAX_CALLS:
            raise Invalid(Problem(self._path or "layers", f"at most {MAX_CALLS:,} calls of layers", "more"))
        return calls

    def _listed(self, model: KerasObject, field: str) -> list[TensorRef]:
        try:
            return refs_of(model.config.get(field, []))
        except Untranslatable as error:
            raise Invalid(Problem(f"{self._path}{model.name}.{field}", error.expected, error.received)) from error

    def _inputs(
        self, model: KerasObject, layers: Mapping[str, KerasObject], shapes: Sequence[Shape | None]
    ) -> dict[TensorRef, Value]:
        values: dict[TensorRef, Value] = {}
        refs = self._listed(model, "input_layers")
        for place, ref in enumerate(refs):
            layer = layers.get(ref.layer)
            if layer is None or layer.class_name != "InputLayer":
                raise Invalid(Problem(f"{self._path}{model.name}.input_layers", "input layers of the model", ref.layer))
            self._check_input(layer)
            batch_shape = layer.config.get("batch_shape", layer.config.get("batch_input_shape"))
            name = INPUT if len(refs) == 1 else layer.name
            values[ref] = self._add_input(name, layer.name, batch_shape, shapes[place] if place < len(shapes) else None)
        return values

    def _check_input(self, layer: KerasObject) -> None:
        where = f"{self._path}{layer.name}"
        if layer.config.get("sparse") or layer.config.get("ragged"):
            self._notes.refuse(where, "a dense tensor as input", "a sparse or ragged one")
        if (dtype := dtype_name(layer.config.get("dtype"))) not in INPUT_TYPES:
            self._notes.refuse(f"{where}.dtype", "numbers as inputs: float32 or integers", str(dtype))

    def _add_input(self, name: str, keras_name: str, batch_shape: Any, outer: Shape | None) -> Value:
        shape: tuple[int | None, ...] | None = None
        if isinstance(batch_shape, list | tuple):
            sizes = tuple(batch_shape)[1:]
            if all(each is None or (isinstance(each, int) and each > 0) for each in sizes):
                shape = sizes
        own = self._own(name)
        self._network.inputs.append(own)
        self._network.input_names.append(keras_name)
        self._network.input_shapes.append(outer or shape)
        whole = shape is not None and all(size is not None for size in shape)
        return own, outer or (tuple(size for size in shape or () if size) if whole else None)

    def _own(self, name: str) -> str:
        """Return a name that a node of a graph may have, and that no other has."""
        cleaned = UNNAMEABLE.sub("_", name)[:90].lstrip("_-") or "layer"
        candidate = cleaned
        while candidate in self._taken:
            self._taken[cleaned] += 1
            candidate = f"{cleaned}_{self._taken[cleaned]}"
        self._taken[candidate] = 1
        return candidate

    def _value(self, values: Mapping[TensorRef, Value], ref: TensorRef) -> Value:
        if ref not in values:
            where, expected = f"{self._path}{ref.layer}", "an output of a layer of the model"
            self._notes.refuse(where, expected, f"output {ref.output} of call {ref.call}")
        return values.get(ref, (ref.layer, None))

    def _close(self, outputs: list[Value], names: list[str]) -> None:
        self._network.outputs = [name for name, _ in outputs]
        self._network.output_shapes = [shape for _, shape in outputs]
        self._network.output_names = names

    def _place(self, layer: KerasObject, keras_name: str, number: int, call: Call, taken: list[Value]) -> list[Value]:
        """Add a call of a layer, and return its outputs."""
        if layer.class_name == "InputLayer":
            return taken
        if layer.is_of_keras and layer.class_name in (SEQUENTIAL, *FUNCTIONAL):
            return self._place_model(layer, number, call, taken)
        return [self._place_layer(layer, keras_name, number, call, taken)]

    def _place_model(self, model: KerasObject, number: int, call: Call, taken: list[Value]) -> list[Value]:
        if number == 0:
            inside = Builder(self._notes, f"{self._path}{model.name}/", self._depth + 1)
            self._inside[model.name] = inside.build(model, [shape for _, shape in taken])
        self._check_options(model, call)
        network = self._inside[model.name]
        name = self._own(model.name)
        owner = self._first[model.name].name if number else None
        sources = tuple(source for source, _ in taken)
        self._add(Placed(name, model.name, sources, shares=owner, inside=None if number else network))
        outputs, shapes = network.outputs, network.output_shapes
        return [(f"{name}.{output}", shape) for output, shape in zip(outputs, shapes, strict=True)]

    def _check_options(self, model: KerasObject, call: Call) -> None:
        for name, value in call.options.items():
            if value not in (None, False):
                self._notes.refuse(f"{self._path}{model.name}.{name}", "a call with inputs alone", value)

    def _add(self, node: Placed) -> None:
        self._network.nodes.append(node)
        self._first.setdefault(node.keras_name, node)

    def _place_layer(self, layer: KerasObject, keras_name: str, number: int, call: Call, taken: list[Value]) -> Value:
        where = f"{self._path}{keras_name}"
        sources, options = inputs_of_call(layer, call, taken, self._notes, where)
        shapes = tuple(shape for _, shape in sources)
        name = self._own(keras_name)
        inputs = tuple(source for source, _ in sources)
        first = self._first.get(keras_name) if number else None
        if number and (first is None or first.layer is None):
            return name, None  # its first use was refused
        spec = self._layer(layer, call, options, shapes, where, is_first=not number)
        if spec is None:
            return name, None
        if first is None or _is_the_same_anew(spec):
            self._add(Placed(name, keras_name, inputs, layer=spec))
        else:
            if spec != first.layer:
                expected = "the same arguments in every call of a layer with weights"
                self._notes.refuse(where, expected, f"others in call {number + 1}: {', '.join(options) or 'none'}")
            self._add(Placed(name, keras_name, inputs, shares=first.name))
        return name, self._shape(spec, shapes, where)

    def _layer(
        self,
        layer: KerasObject,
        call: Call,
        options: dict[str, Any],
        shapes: tuple[Shape | None, ...],
        where: str,
        *,
        is_first: bool,
    ) -> LayerSpec | None:
        """Return the layer as one call of it says; None if it cannot be translated, which the notes then say."""
        # What is dropped of a layer is noted once.
        notes = self._notes if is_first else Notes(is_keras_2=self._notes.is_keras_2)
        if is_operation(layer):
            spec = operation_layer(layer, call, notes, where)
        else:
            spec = layer_of(layer, where, notes, options, shapes)
        if not is_first:
            self._notes.problems += notes.problems
        return spec

    def _shape(self, spec: LayerSpec, shapes: tuple[Shape | None, ...], where: str) -> Shape | None:
        whole = [shape for shape in shapes if shape is not None]
        if not whole or len(whole) < len(shapes):
            return None
        try:
            return spec.merged_shape(whole)
        except ShapeMismatch as mismatch:
            self._notes.refuse(where, mismatch.expected, mismatch.received)
            return None


def _is_the_same_anew(spec: LayerSpec) -> bool:
    """True if two uses of a layer have no numbers to share: each may be a layer of its own, with inputs of any shape.

    The state of dropout and noise is the seed of their draws, of which every layer has its own here.
    """
    kind = type(spec)
    is_without_state = kind.state_size is LayerSpec.state_size or isinstance(spec, Disturbance)
    return kind.parameters is LayerSpec.parameters and is_without_state
