"""Traced functions that are called by their definitions: what Python made of them while tracing is not needed any more.

A function that was traced here and one that was found on disk are called the same way. XLA's key of a compiled program
holds where in Python each operation was made, which a definition does not: only so do both find the same one.
"""

import gc
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import Any

import keras
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework.function_pb2 import FunctionDef
from tensorflow.core.protobuf.config_pb2 import ConfigProto
from tensorflow.python.eager import context, execute

from core.training.direct_operations import make_direct
from core.training.kept_definitions import Definition
from core.training.shared_constants import shared
from core.training.stable_names import Names, lasting
from core.training.two_threads import Twins, two_threads

# Lasting name -> digest of the definition that has it in this process. XLA keeps what it compiled by name.
_holders: dict[str, str] = {}
_holding = Lock()


def trace(
    function: Callable[..., Any], arguments: Sequence[Any], *, jit: bool, name: str, variables: Sequence[Any]
) -> tuple[Definition, list[Any]]:
    """Trace a function for arguments of these shapes.

    Args:
        function: see `core.training.compiled.Compiled`.
        arguments: nests of tensors.
        jit: True if XLA compiles it.
        name: equal for equal functions alone.
        variables: Keras variables.

    Returns:
        The definition, and the tensors that the function captures.
    """
    names = Names(name)
    with names.used(), shared(), _uncollected():
        traced = tf.function(function, jit_compile=jit or None, autograph=False).get_concrete_function(*arguments)
    library = traced.graph.as_graph_def().library.function
    functions = [(each.signature.name, each) for each in (traced.function_def, *library)]
    if jit:
        for _, each in functions:
            make_direct(each)
    contents = [(each, function.SerializeToString(deterministic=True)) for each, function in functions]
    outputs = tf.nest.map_structure(lambda each: None if each is None else 1, traced.structured_outputs)
    places = {id(variable.value.handle): place for place, variable in enumerate(variables)}
    captured = list(traced.captured_inputs)
    numbers = tuple(places[id(handle)] for handle in captured if id(handle) in places)
    whole = numbers if len(numbers) == len(captured) else None
    return Definition(_renamed(contents, names.name, lasting(name)), outputs, whole), captured


class Called:
    """A function that is called by its definition, for arguments of the shapes for which it was traced.

    Args:
        definition: what `trace` returned, in whatever process.
        name: as it was given to `trace`.
        captured: the tensors that the function captures.
        rewritten: True if TensorFlow shall rewrite a plain graph first. That takes most of the time of a first call.
        large: True if each of its kernels shall work with two threads.

    Raises:
        DecodeError: a function of the definition is no `FunctionDef` of its name; nothing is kept of it then.
    """

    def __init__(
        self, definition: Definition, name: str, captured: Sequence[Any], *, rewritten: bool, large: bool
    ) -> None:
        parsed = _parsed(definition.functions)
        with _holding:
            holder = _holders.setdefault(lasting(name), definition.digest)
        functions = definition.functions
        if holder != definition.digest:  # the name stands for another trace here
            functions = _renamed(functions, lasting(name), Names(name).name)
            parsed = _parsed(functions)
        self._name, self._outputs = functions[0][0], definition.outputs
        self._context = two_threads() if large else context.context()
        self._twins = Twins(captured) if large else None
        self._captured = self._twins.captured if self._twins else list(captured)
        self._count = sum(each is not None for each in tf.nest.flatten(self._outputs))
        self._attributes = ("executor_type", "", "config_proto", _configuration(rewritten))
        for each in parsed:
            self._context.add_function_def(each)
        # TensorFlow counts who has added a function.
        weakref.finalize(self, _remove, self._context, [each for each, _ in functions]).atexit = False

    def __call__(self, *arguments: Any) -> Any:
        """Return the nest of outputs, with lists in place of tuples."""
        inputs = list(map(tf.convert_to_tensor, tf.nest.flatten(arguments)))
        with self._twins.lent() if self._twins else nullcontext():
            results = iter(
                execute.execute(self._name, self._count, inputs + self._captured, self._attributes, self._context)
            )
        # That of TensorFlow takes ten times as long, a third of a small probe.
        return keras.tree.map_structure(lambda each: None if each is None else next(results), self._outputs)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Collect no garbage in the block: one of three traces would be interrupted for 0.15 s."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:  # threads may end such blocks in any order: who disabled it enables it again
            gc.enable()


def _parsed(functions: Sequence[tuple[str, bytes]]) -> list[FunctionDef]:
    parsed = [FunctionDef.FromString(content) for _, content in functions]
    if [each.signature.name for each in parsed] != [name for name, _ in functions]:
        raise DecodeError("a function has another name than its definition says")
    return parsed


def _renamed(functions: Sequence[tuple[str, bytes]], before: str, after: str) -> tuple[tuple[str, bytes], ...]:
    """Replace a part of the functions' names by another one of the same length: lengths are part of a definition."""
    return tuple(
        (name.replace(before, after), content.replace(before.encode(), after.encode())) for name, content in functions
    )


def _configuration(rewritten: bool) -> bytes:
    configuration = ConfigProto.FromString(context.context().function_call_options.config_proto_serialized)
    configuration.graph_options.rewrite_options.disable_meta_optimizer = not rewritten
    serialized: bytes = configuration.SerializeToString(deterministic=True)
    return serialized


def _remove(where: Any, names: Sequence[str]) -> None:
    for name in names:
        where.remove_function(name)
