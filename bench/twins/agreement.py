"""Comparison of a case's results: statistics of record 0, entry by entry, and the diagnoses.

Two values of a statistic agree if they differ by at most `RELATIVE` of the larger one, or by at most `OF_LARGEST` of
the tensor's largest entry: a mean over entries that cancel has only rounding. Statistics without the unit of the
entries, such as shares and correlations, must agree in the first way. The second bound of float64 is a thousand units
of rounding: a gradient is a sum over up to a thousand samples, whose terms may cancel.

A gradient that is 0 but for rounding, as that of a bias before a batch normalisation, is rounding alone: it is left out
where its largest entry is below `OF_LARGEST` of the largest of all gradients.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.clinic.report import share
from bench.twins.choice import computes_otherwise
from bench.twins.folder import KERAS, SERVICE, TORCH32, TORCH64, TRAINED, Arrays, CaseFolder
from bench.twins.in_service import OTHERS
from gradlab.measurement.history import SeriesLayout
from gradlab.spec import ExperimentSpec

RELATIVE = {"float32": 1e-4, "float64": 1e-9}
OF_LARGEST = {"float32": 1e-6, "float64": 1e-13}
# Statistics without the unit of the tensor's entries.
UNITLESS = (
    "zero_fraction", "nonfinite", "always_zero_fraction", "update_ratio", "saturated_fraction", "dead_fraction",
    "slope", "unit_correlation", "effective_rank",
)  # fmt: skip
# Sums over the entries have the unit of one entry times their number.
SUMS = ("l1", "change_l1")
LARGEST = "largest"


@dataclass(frozen=True)
class Difference:
    """One statistic of one tensor in two frameworks.

    Attributes:
        case, precision, kind, tensor, statistic: what is compared.
        one, other: its values.
        relative: their difference over the larger of them; 0 where it is within rounding of the largest entry.
        exact: the value in float64, by Keras; for float32, whose rounding may be large where terms cancel.
    """

    case: str
    precision: str
    kind: str
    tensor: str
    statistic: str
    one: float
    other: float
    relative: float
    exact: float

    @property
    def agrees(self) -> bool:
        """True if it is within the bound of its precision."""
        return self.relative <= RELATIVE[self.precision]


def differences(folder: CaseFolder) -> list[Difference]:
    """Compare record 0 of a case: in float32 with the service's engine, in float64 with Keras."""
    spec, reference = folder.spec, folder.arrays(KERAS)
    largest = {name.removeprefix(f"{LARGEST}:"): float(v) for name, v in reference.items() if name.startswith(LARGEST)}
    engine = _by_tensor(spec, folder.arrays(SERVICE))
    own_function = KINDS if computes_otherwise(spec) is None else ("weights", "activations")
    pairs = (("float32", engine, folder.arrays(TORCH32)), ("float64", reference, folder.arrays(TORCH64)))
    return [
        difference
        for precision, given, own in pairs
        for difference in _compared(spec, precision, given, own, largest, reference)
        if difference.kind in own_function
    ]


def _by_tensor(spec: ExperimentSpec, series: Arrays) -> Arrays:
    return {
        f"{kind}:{_name(spec.layout[kind], place)}": row
        for kind, values in series.items()
        if kind in KINDS
        for place, row in enumerate(values)
    }


KINDS = ("gradients", "weights", "activations", "signals", "time_signals")


def _name(layout: SeriesLayout, place: int) -> str:
    tensor = layout.tensors[place]
    return f"{tensor.layer}/{tensor.parameter}" if layout.kind in ("gradients", "weights") else tensor.layer


def _compared(
    spec: ExperimentSpec,
    precision: str,
    given: Arrays,
    own: Arrays,
    largest: Mapping[str, float],
    reference: Arrays,
) -> Iterator[Difference]:
    last = spec.layers[-1].name
    for name in sorted(given.keys() & own.keys() - rounding_alone(precision, largest)):
        kind, tensor = name.split(":", 1)
        exact = reference.get(name, np.full(len(given[name]), np.nan))
        columns = spec.layout[kind].columns
        for statistic, one, other, best in zip(columns, given[name], own[name], exact, strict=False):
            if kind == "activations" and tensor == last and not statistic.startswith("pre_"):
                continue  # PyTorch's loss takes the logits
            size = 0.0 if statistic in UNITLESS else largest.get(name, 0.0)
            if statistic in SUMS:
                size *= float(np.prod(next(t.shape for t in spec.layout[kind].tensors if _is(t, tensor))))
            relative = _relative(float(one), float(other), OF_LARGEST[precision] * size)
            yield Difference(
                spec.name, precision, kind, tensor, statistic, float(one), float(other), relative, float(best)
            )


def rounding_alone(precision: str, largest: Mapping[str, float]) -> set[str]:
    """Return the gradients that are 0 but for rounding."""
    gradients = {name: value for name, value in largest.items() if name.startswith("gradients:")}
    bound = OF_LARGEST[precision] * max(gradients.values(), default=0.0)
    return {name for name, value in gradients.items() if 0 < value < bound}


def _is(tensor: Any, name: str) -> bool:
    return name in (f"{tensor.layer}/{tensor.parameter}", tensor.layer)


def _relative(one: float, other: float, rounding: float) -> float:
    if one == other or (np.isnan(one) and np.isnan(other)) or abs(one - other) <= rounding:
        return 0.0
    if not (np.isfinite(one) and np.isfinite(other)):
        return float("inf")
    return abs(one - other) / max(abs(one), abs(other))


def number_lines(compared: Sequence[Difference]) -> Iterator[str]:
    """Yield a table of the largest differences by precision and kind, then what does not agree."""
    yield "| precision | kind | values | within the bound | largest relative difference |\n|---|---|---|---|---|"
    for precision in RELATIVE:
        for kind in KINDS:
            of = [each for each in compared if (each.precision, each.kind) == (precision, kind)]
            if of:
                worst = max(each.relative for each in of)
                yield f"| {precision} | {kind} | {len(of)} | {sum(each.agrees for each in of)} | {worst:.1e} |"
    for each in sorted((each for each in compared if not each.agrees), key=lambda each: -each.relative)[:40]:
        yield (
            f"{each.case}: {each.precision} {each.kind} {each.tensor} {each.statistic}: {each.one!r} and "
            f"{each.other!r}, {each.relative:.1e}; in float64 {each.exact!r}"
        )


def diagnosis_lines(folders: Sequence[CaseFolder]) -> Iterator[str]:
    """Yield the rates of equal diagnoses with their intervals, then each case that differs."""
    of_service = [folder.read(SERVICE) for folder in folders]
    of_torch = [folder.read(TRAINED) for folder in folders]
    yield from _rates("PyTorch and the service", of_service, of_torch)
    if all(folder.has(OTHERS) for folder in folders):
        yield from _rates("the service and itself with other seeds", of_service, [f.read(OTHERS) for f in folders])
    unjudged = [len(each["unjudged"]) for each in of_torch]
    yield f"rules unjudged in PyTorch: {max(unjudged, default=0)} at most, {sum(unjudged)} in all cases together"
    for folder, service, torch in zip(folders, of_service, of_torch, strict=True):
        if _answer(service) != _answer(torch):
            others = f", with other seeds {_text(folder.read(OTHERS))}" if folder.has(OTHERS) else ""
            yield f"{folder.spec.name}: service {_text(service)}{others}; PyTorch {_text(torch)}"


def _rates(between: str, one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    pairs = list(zip(one, other, strict=True))
    yield f"| {between} | {len(pairs)} cases |\n|---|---|"
    yield f"| verdict equal | {share([a['verdict'] == b['verdict'] for a, b in pairs])} |"
    yield f"| root cause equal | {share([a['root_cause'] == b['root_cause'] for a, b in pairs])} |"
    yield f"| both equal | {share([_answer(a) == _answer(b) for a, b in pairs])} |\n"


def _answer(diagnosis: Mapping[str, Any]) -> tuple[str, str | None]:
    return diagnosis["verdict"], diagnosis["root_cause"]


def _text(diagnosis: Mapping[str, Any]) -> str:
    findings = ", ".join(f"{rule} {len(seeds)}" for rule, seeds in diagnosis["findings"].items())
    return f"{diagnosis['verdict']}, {diagnosis['root_cause']} ({findings or 'no finding'})"


def uncompared(folders: Sequence[CaseFolder]) -> dict[str, int]:
    """Return how many tensors and layers of record 0 have no partner in PyTorch, by what they are."""
    counts: dict[str, int] = {}
    for folder in folders:
        spec = folder.spec
        kinds = {layer.name: layer.spec.kind for layer in spec.layers}
        missing = _by_tensor(spec, folder.arrays(SERVICE)).keys() - folder.arrays(TORCH32).keys()
        for name in missing:
            kind, tensor = name.split(":", 1)
            layer, _, parameter = tensor.partition("/")
            what = f"{kind} of {kinds[layer]}{' ' + parameter if parameter else ''}"
            counts[what] = counts.get(what, 0) + 1
    return counts
