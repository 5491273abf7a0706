"""Selection by name: seeds, statistics, layers and parameters."""

from collections.abc import Sequence

from gradlab.errors import MAX_PROBLEMS, Invalid, Problem, shorten
from gradlab.measurement.history import SeriesLayout
from gradlab.spec.problems import among

ALL = "all"
# The parameter selected by default. It is accepted for networks without kernels too.
DEFAULT_PARAMETER = "kernel"


def choose(field: str, requested: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Select the requested names, in the order of `names`. No request, or "all", selects all.

    Raises:
        Invalid: a requested name is unknown; the problem lists `names`.
    """
    distinct, allowed = dict.fromkeys(requested), {*names, ALL}
    unknown = [name for name in distinct if name not in allowed]
    if unknown:
        problems = [_unknown(field, name, names) for name in unknown[:MAX_PROBLEMS]]
        raise Invalid(*problems, omitted=len(unknown) - len(problems))
    return tuple(names) if not distinct or ALL in distinct else tuple(name for name in names if name in distinct)


def choose_one(field: str, requested: str, names: Sequence[str]) -> str:
    """Return the requested name.

    Raises:
        Invalid: it is unknown; the problem lists `names`.
    """
    if requested not in names:
        raise Invalid(_unknown(field, requested, names))
    return requested


def _unknown(field: str, name: str, names: Sequence[str]) -> Problem:
    return Problem(field, among(names, name), shorten(name))


def choose_tensors(layout: SeriesLayout, layers: Sequence[str], parameters: Sequence[str]) -> tuple[int, ...]:
    """Return the indices, in the layout, of the tensors of the requested layers and parameters.

    ``kernel`` selects by role, whatever a framework calls its kernels. Where no tensor of the layers has that role, it
    selects all of their tensors, so that no view is empty.

    Raises:
        Invalid: a layer or a parameter is unknown.
    """
    layer_names = {*choose("layer", layers, list(dict.fromkeys(tensor.layer for tensor in layout.tensors)))}
    allowed = dict.fromkeys([DEFAULT_PARAMETER, *(tensor.parameter for tensor in layout.tensors)])
    parameter_names = {*choose("parameter", parameters, list(allowed))}
    among = [place for place, tensor in enumerate(layout.tensors) if tensor.layer in layer_names]
    by_role = DEFAULT_PARAMETER in parameter_names
    chosen = tuple(
        place
        for place in among
        if layout.tensors[place].parameter in parameter_names or (by_role and layout.tensors[place].is_shown)
    )
    return chosen if chosen or {*parameter_names} != {DEFAULT_PARAMETER} else tuple(among)
