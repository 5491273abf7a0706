"""Text of `docs/diagnosis.md`, from the rules, the remedies, and the records of the examples."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from bench.atlas.example import Example
from bench.atlas.introduction import INTRODUCTION, chain
from gradlab.diagnosis import Diagnosis, Measure, Rule
from gradlab.diagnosis.finding import shown
from gradlab.diagnosis.rules import RULES
from gradlab.remedies import REMEDIES, remedy

COLUMNS = 118
KINDS = {
    "risk": ("Risks", "Seen before the first update, in the data, the spec and the untrained network."),
    "symptom": ("Symptoms", "Seen while a network trains, and reported only for runs that fail."),
    "failure": ("Failures", "Bad outcomes of runs."),
}
SIGNS = {"<": "below", ">": "above", "==": "at"}

# The record of an example, stored beside its picture.
Record = Mapping[str, Any]


def record_of(rule: Rule, diagnosis: Diagnosis) -> Record:
    """Return the finding of a rule and its context, as JSON values."""
    finding = next(each for each in diagnosis.findings if each.rule == rule.name)
    plain = rule.explain(finding.layers, finding.measures)
    return {
        "thresholds": dict(rule.thresholds),
        "verdict": diagnosis.verdict,
        "root_cause": diagnosis.root_cause,
        "layers": list(finding.layers),
        "seeds": len(finding.seeds),
        "of_seeds": finding.of_seeds,
        "since_epoch": finding.since_epoch,
        "measures": [vars(each) for each in finding.measures],
        # None if the explanation follows from the rule and the measures; the page then uses the current rule.
        "explanation": None if finding.explanation == plain else finding.explanation,
        "caused_by": list(finding.caused_by),
        "findings": [{"rule": each.rule, "caused_by": list(each.caused_by)} for each in diagnosis.findings],
    }


def document(examples: Sequence[Example], numbers: Mapping[str, Record]) -> str:
    """Return the text of `docs/diagnosis.md`."""
    by_rule = {each.rule: each for each in examples}
    parts = [INTRODUCTION.format(chain=chain(numbers["nonzero_mean_initialization"])), _contents()]
    for kind, (heading, summary) in KINDS.items():
        parts.append(f"## {heading}\n\n{summary}")
        parts += [_section(rule, by_rule[rule.name], numbers[rule.name]) for rule in RULES if rule.kind == kind]
    parts.append("## Remedies\n\nEach changes one thing of a spec. In the order in which several are applied.")
    parts += [_remedy(each.name) for each in REMEDIES]
    return "\n\n".join(parts) + "\n"


def _contents() -> str:
    lines = ["## Contents", ""]
    for kind, (heading, _) in KINDS.items():
        lines += [f"**{heading}**", ""]
        lines += [f"- [{rule.title}](#{rule.name}): {rule.severity}" for rule in RULES if rule.kind == kind]
        lines.append("")
    return "\n".join([*lines, f"**[Remedies](#remedies)**: {len(REMEDIES)} changes that may help"])


def _section(rule: Rule, example: Example, numbers: Record) -> str:
    measures = [Measure(**each) for each in numbers["measures"]]
    means = numbers["explanation"] or rule.explain(numbers["layers"], measures)
    causes = ", ".join(f"[{name}](#{name})" for name in rule.causes) or "nothing: it is where things begin"
    helps = [f"- [{remedy(name).title}](#{name}): {_lower(remedy(name).changes)}" for name in rule.remedies]
    return "\n\n".join(
        [
            f'<a id="{rule.name}"></a>\n\n### {rule.title}',
            f"`{rule.name}` · {rule.kind} · {rule.severity}",
            f"![{rule.title}](diagnosis/{rule.name}.svg)",
            _filled(f"*{example.made} {example.seen}*"),
            _filled(f"**What it means.** {means}"),
            _filled(f"**The example.** {_where(numbers)}"),
            _table(measures),
            f"**The question.**\n\n{_code(rule.formula)}",
            _filled(f"Thresholds: {', '.join(f'{name} = {shown(value)}' for name, value in rule.thresholds.items())}."),
            _filled(f"Source: {rule.source}."),
            _filled(f"**It can follow from** {causes}."),
            "**What helps**, best first:\n\n" + "\n".join(helps) if helps else "**What helps.** No change of the spec.",
        ]
    )


def _where(numbers: Record) -> str:
    """Describe the example's finding: layers, first epoch, number of seeds, causes, verdict."""
    layers = ", ".join(numbers["layers"]) or "the network as a whole"
    since = "before the first update" if numbers["since_epoch"] == 0 else f"since epoch {numbers['since_epoch']}"
    follows = ", ".join(f"[{name}](#{name})" for name in numbers["caused_by"])
    root = numbers["root_cause"]
    text = f"Seen in {numbers['seeds']} of {numbers['of_seeds']} seeds, {since}, in {layers}. "
    text += f"It follows from {follows}. " if follows else ""
    return text + f"The verdict is *{numbers['verdict']}*" + (f", the root cause [{root}](#{root})." if root else ".")


def _table(measures: Sequence[Measure]) -> str:
    lines = ["| measure | value | finding if |", "|---|---|---|"]
    for each in measures:
        bound = "" if each.threshold is None else f"{SIGNS[each.comparison]} {shown(each.threshold)}"
        value = "–" if each.value is None else f"{each} {each.unit}".strip()
        lines.append(f"| {each.name} | {value} | {bound} |")
    return "\n".join(lines)


def _remedy(name: str) -> str:
    each = remedy(name)
    treats = ", ".join(f"[{rule}](#{rule})" for rule in each.treats)
    heading = f'<a id="{name}"></a>\n\n### {each.title}\n\n`{name}`'
    paragraphs = [each.changes, f"Treats {treats}.", f"Source: {each.source.removesuffix('.')}."]
    return "\n\n".join([heading, *(_filled(part) for part in paragraphs)])


def _filled(text: str) -> str:
    return textwrap.fill(text, COLUMNS, break_long_words=False, break_on_hyphens=False)


def _code(formula: str) -> str:
    return textwrap.indent(textwrap.fill(formula, COLUMNS - 4, break_on_hyphens=False), "    ")


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
