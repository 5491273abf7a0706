"""The order in which the calls of a functional model's layers are computed."""

import heapq
from collections.abc import Iterable, Iterator, Mapping

from gradlab.errors import Invalid, Problem
from gradlab.translate.from_keras.calls import Call, TensorRef
from gradlab.translate.from_keras.objects import KerasObject


def in_order(
    layers: list[KerasObject], calls: Mapping[str, list[Call]], given: Iterable[TensorRef], path: str
) -> Iterator[tuple[KerasObject, int, Call]]:
    """Yield each call behind those whose outputs it takes, otherwise as the layers are listed."""
    places = {layer.name: place for place, layer in enumerate(layers)}
    if len(places) < len(layers):
        raise Invalid(Problem(path or "layers", "each layer by a name of its own", "a name twice"))
    inputs = {(ref.layer, ref.call) for ref in given}
    waiting: dict[tuple[str, int], set[tuple[str, int]]] = {}
    behind: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for name, listed in calls.items():
        for number, call in enumerate(listed):
            needed = {(ref.layer, ref.call) for ref in call.refs} - inputs
            if number:
                needed.add((name, number - 1))  # the first use of a layer comes first
            waiting[name, number] = needed
            for each in needed:
                behind.setdefault(each, []).append((name, number))
    ready = [(places[name], number, name) for (name, number), needed in waiting.items() if not needed]
    heapq.heapify(ready)
    done = 0
    while ready:
        place, number, name = heapq.heappop(ready)
        done += 1
        yield layers[place], number, calls[name][number]
        for each in behind.get((name, number), ()):
            waiting[each].discard((name, number))
            if not waiting[each]:
                heapq.heappush(ready, (places[each[0]], each[1], each[0]))
    if done < len(waiting):
        stuck = next(name for (name, _), needed in waiting.items() if needed)
        raise Invalid(
            Problem(f"{path}{stuck}", "inputs that are outputs of layers of the model", "others, or a circle")
        )
