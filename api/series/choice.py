"""What was asked for by name: statistics, layers, parameters, and whether it was recorded at all."""

from collections.abc import Sequence

from core.records import Experiment
from gradlab.errors import MAX_PROBLEMS, Invalid, NotFound, Problem, shorten
from gradlab.measurement.history import Layout, SeriesLayout
from gradlab.measurement.kinds import BY_NAME
from gradlab.spec import ExternalSpec
from gradlab.spec.problems import among

ALL = "all"
# What is answered unless something else is asked for, also for a network that has none.
DEFAULT_PARAMETER = "kernel"


def recorded(experiment: Experiment, layout: Layout, kind: str) -> SeriesLayout:
    """The layout of one kind of series.

    Raises:
        NotFound: the experiment does not record it; the message says how it would.
    """
    if kind in layout:
        return layout[kind]
    called, field = BY_NAME[kind].noun, BY_NAME[kind].record
    if isinstance(experiment.spec, ExternalSpec):
        raise NotFound(f"There are no {called} in this experiment: it is trained elsewhere, and they are not sent.")
    dataset = experiment.spec.dataset
    if BY_NAME[kind].source == "plane" and not dataset.has_boundary:
        raise NotFound(f"{dataset.kind} has no decision boundary in a plane: only classes of two inputs have one.")
    if experiment.spec.record.every(field):
        why = "its layers have none, or it was taken in by a version of the service that did not record them"
        raise NotFound(f"There are no {called} in this experiment: {why}.")
    how = f'submit it with `"record": {{"{field.name}": 1}}` in its spec for every epoch, 10 for every tenth'
    raise NotFound(f"This experiment does not record {called}: {how}.")


def choose(field: str, wanted: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The names that were asked for, in the order in which they are known; none asked for, or "all", means all.

    Raises:
        Invalid: one of them is unknown; the problem lists those that are.
    """
    named, there = dict.fromkeys(wanted), {*known, ALL}
    unknown = [name for name in named if name not in there]
    if unknown:
        problems = [_unknown(field, name, known) for name in unknown[:MAX_PROBLEMS]]
        raise Invalid(*problems, omitted=len(unknown) - len(problems))
    return tuple(known) if not named or ALL in named else tuple(name for name in known if name in named)


def choose_one(field: str, wanted: str, known: Sequence[str]) -> str:
    """The one name that was asked for.

    Raises:
        Invalid: it is unknown; the problem lists those that are.
    """
    if wanted not in known:
        raise Invalid(_unknown(field, wanted, known))
    return wanted


def _unknown(field: str, name: str, known: Sequence[str]) -> Problem:
    return Problem(field, among(known, name), shorten(name))


def choose_tensors(layout: SeriesLayout, layers: Sequence[str], parameters: Sequence[str]) -> tuple[int, ...]:
    """Where in the layout the tensors are that were asked for by layer and by parameter.

    ``kernel`` is also what another framework calls so: a ``weight`` of two axes or more.

    Raises:
        Invalid: a layer or a parameter is unknown.
    """
    layer_names = {*choose("layer", layers, list(dict.fromkeys(tensor.layer for tensor in layout.tensors)))}
    there = dict.fromkeys([DEFAULT_PARAMETER, *(tensor.parameter for tensor in layout.tensors)])
    parameter_names = {*choose("parameter", parameters, list(there))}
    return tuple(
        i
        for i, tensor in enumerate(layout.tensors)
        if tensor.layer in layer_names
        and (
            tensor.parameter in parameter_names
            or (DEFAULT_PARAMETER in parameter_names and tensor.is_kernel_by_another_name)
        )
    )
