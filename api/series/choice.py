"""Selection by name: kinds of series, statistics, layers and parameters."""

from collections.abc import Sequence

from core.records import Experiment
from gradlab.errors import MAX_PROBLEMS, Invalid, NotFound, Problem, shorten
from gradlab.measurement.history import Layout, SeriesLayout
from gradlab.measurement.kinds import BY_NAME
from gradlab.spec import ExternalSpec
from gradlab.spec.problems import among

ALL = "all"
# The parameter selected by default. It is accepted for networks without kernels too.
DEFAULT_PARAMETER = "kernel"


def recorded(experiment: Experiment, layout: Layout, kind: str) -> SeriesLayout:
    """Return the layout of one kind of series.

    Raises:
        NotFound: the experiment does not record it; the message names the setting that records it.
    """
    if kind in layout:
        return layout[kind]
    noun, field = BY_NAME[kind].noun, BY_NAME[kind].record
    if isinstance(experiment.spec, ExternalSpec):
        raise NotFound(f"There are no {noun} in this experiment: it is trained elsewhere, and they are not sent.")
    dataset = experiment.spec.dataset
    if BY_NAME[kind].source == "plane" and not dataset.has_boundary:
        raise NotFound(f"{dataset.kind} has no decision boundary in a plane: only classes of two inputs have one.")
    if experiment.spec.record.every(field):
        reason = "its layers have none, or it was taken in by a version of the service that did not record them"
        raise NotFound(f"There are no {noun} in this experiment: {reason}.")
    advice = f'submit it with `"record": {{"{field.name}": 1}}` in its spec for every epoch, 10 for every tenth'
    raise NotFound(f"This experiment does not record {noun}: {advice}.")


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

    ``kernel`` also selects the kernels of other frameworks: a ``weight`` of two axes or more.

    Raises:
        Invalid: a layer or a parameter is unknown.
    """
    layer_names = {*choose("layer", layers, list(dict.fromkeys(tensor.layer for tensor in layout.tensors)))}
    allowed = dict.fromkeys([DEFAULT_PARAMETER, *(tensor.parameter for tensor in layout.tensors)])
    parameter_names = {*choose("parameter", parameters, list(allowed))}
    return tuple(
        i
        for i, tensor in enumerate(layout.tensors)
        if tensor.layer in layer_names
        and (
            tensor.parameter in parameter_names
            or (DEFAULT_PARAMETER in parameter_names and tensor.is_kernel_by_another_name)
        )
    )
