"""Rule: a pure function of one run, with thresholds, source, explanation and remedies."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Kind, Measure, Severity, Sighting
from gradlab.diagnosis.unknown import Unrecorded

# An optional part of a sentence, and the space between two sentences.
CLAUSE, SENTENCE_END = re.compile(r"\[\[(.*?)\]\]"), re.compile(r"(?<=[.!?]) (?=[A-ZΑ-Ω{])")
EVERYWHERE = "the network"
MAX_NAMED = 3  # layers that a sentence lists by name


@dataclass(frozen=True)
class Rule:
    """One problem that a run can have, and the function that detects it.

    Attributes:
        name: the name of the rule and of its file.
        title: the problem in a few words.
        kind: ``risk``: read from epoch 0 and the spec alone; ``symptom``: read from the epochs, and reported only for
            runs that fail; ``failure``: the failure itself.
        severity: the severity of its findings, unless a sighting has its own.
        formula: the condition in symbols.
        thresholds: name -> number, as in the formula.
        source: the origin of condition and thresholds.
        explanation: one paragraph for a student. {layers} and the names of measures in braces are replaced by those of
            the run (formats: `Measure.__format__`). A sentence is dropped if it names a measure without a value; so is
            a part in double brackets.
        remedies: names of the remedies in `gradlab.remedies` that are suggested, best first.
        also: names of further remedies that may cure the problem.
        of_output: True for a problem of one output. To a network with several it is applied output by output.
        causes: names of the rules whose findings can cause this one.
        detect: the detecting function: the Sighting in a run, or None.
        always: True for a symptom that is reported of every run; of runs that learn as ``info``.
    """

    name: str
    title: str
    kind: Kind
    severity: Severity
    formula: str
    thresholds: dict[str, float] = field(hash=False)
    source: str
    explanation: str
    remedies: tuple[str, ...]
    causes: tuple[str, ...]
    detect: Callable[[Run], Sighting | None]
    always: bool = False
    also: tuple[str, ...] = ()
    of_output: bool = False

    def __call__(self, run: Run) -> Sighting | None:
        """Return the sighting in a run; None where there is none. NaN and infinities raise no warnings.

        Raises:
            Unknown: it needs what the training does not give. What the spec of this service chose not to record is no
                such thing: without it there is no sighting.
        """
        with np.errstate(all="ignore"):
            try:
                return self.detect(run)
            except Unrecorded:
                if run.reports_unrecorded:
                    raise
                return None

    def explain(self, layers: Sequence[str], measures: Sequence[Measure]) -> str:
        """Return the explanation with the layers and numbers of a run; the title where no sentence is left."""
        named = {each.name: each for each in measures}
        whole = CLAUSE.sub(lambda clause: clause[1] if _has_values(clause[1], named) else "", self.explanation)
        sentences = [each for each in SENTENCE_END.split(whole) if _has_values(each, named)]
        text = " ".join(sentences).format(layers=listed(layers), **named) or f"{self.title}."
        # The name of a layer keeps its spelling, also at the beginning.
        return text[0].upper() + text[1:] if text.startswith((EVERYWHERE, "no ")) else text


def _has_values(text: str, measures: Mapping[str, Measure]) -> bool:
    """True if all measures that a text names have values, and those with "!" lie beyond their thresholds."""
    fields = [(name, form) for _, name, form, _ in Formatter().parse(text) if name and name != "layers"]
    held = [(measures.get(name), form) for name, form in fields]
    return all(
        each is not None and each.value is not None and (not (form or "").startswith("!") or each.threshold is not None)
        for each, form in held
    )


def listed(layers: Sequence[str]) -> str:
    """Format the names of layers for a sentence; no layers are the whole network."""
    if not layers:
        return EVERYWHERE
    if len(layers) > MAX_NAMED:
        return f"{layers[0]} to {layers[-1]} ({len(layers)} layers)"
    *others, last = layers
    return f"{', '.join(others)} and {last}" if others else last
