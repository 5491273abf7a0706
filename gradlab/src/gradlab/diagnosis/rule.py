"""What a rule is: a pure question about one run, with all that a reader needs to judge the answer."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Kind, Measure, Severity, Sighting

# A part of a sentence that can be left out, and what stands between two sentences.
CLAUSE, SENTENCE_END = re.compile(r"\[\[(.*?)\]\]"), re.compile(r"(?<=[.!?]) (?=[A-ZΑ-Ω{])")
EVERYWHERE = "the network"
MAX_NAMED = 3  # layers that a sentence names one by one


@dataclass(frozen=True)
class Rule:
    """A question about one run.

    Attributes:
        name: how it is asked for; the name of its file.
        title: what is wrong where it speaks up, in a few words.
        kind: ``risk``: asked of epoch 0 and the spec alone; ``symptom``: asked of the epochs, and reported only for a
            run that fails; ``failure``: what the failure is.
        severity: how bad it is, unless a sighting says otherwise.
        formula: the question in symbols.
        thresholds: name -> number, as in the formula.
        source: where question and thresholds come from.
        explanation: one paragraph for a student, in which {layers} and the names of measures stand for the run's own
            (formats: `Measure.__format__`). Of a run in which a measure is not known the sentence that names it is
            left out; of a sentence the part in double brackets that names it.
        remedies: names of the remedies in `gradlab.remedies` that are suggested, best first.
        also: names of further ones that may cure what it finds.
        causes: names of the rules of which this one can be a consequence.
        detect: the function that answers it: the Sighting in a run, or None.
        always: a symptom that is reported whatever became of the run; of one that learns as ``info``.
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

    def __call__(self, run: Run) -> Sighting | None:
        """What it says of a run; None where it has nothing to say. NaN and infinities are answers like any other."""
        with np.errstate(all="ignore"):
            return self.detect(run)

    def explain(self, layers: Sequence[str], measures: Sequence[Measure]) -> str:
        """The explanation with the numbers of a run."""
        named = {each.name: each for each in measures}
        whole = CLAUSE.sub(lambda clause: clause[1] if _is_known(clause[1], named) else "", self.explanation)
        sentences = [each for each in SENTENCE_END.split(whole) if _is_known(each, named)]
        text = " ".join(sentences).format(layers=listed(layers), **named) or f"{self.title}."
        # A name of a layer is written as it is, at the beginning too.
        return text[0].upper() + text[1:] if text.startswith((EVERYWHERE, "no ")) else text


def _is_known(text: str, measures: Mapping[str, Measure]) -> bool:
    """True if all measures that a text names have values, and those with "!" lie beyond their thresholds."""
    fields = [(name, form) for _, name, form, _ in Formatter().parse(text) if name and name != "layers"]
    held = [(measures.get(name), form) for name, form in fields]
    return all(
        each is not None and each.value is not None and (not (form or "").startswith("!") or each.threshold is not None)
        for each, form in held
    )


def listed(layers: Sequence[str]) -> str:
    """Layers in a sentence."""
    if not layers:
        return EVERYWHERE
    if len(layers) > MAX_NAMED:
        return f"{layers[0]} to {layers[-1]} ({len(layers)} layers)"
    *others, last = layers
    return f"{', '.join(others)} and {last}" if others else last
