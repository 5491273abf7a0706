"""Introduction of `docs/diagnosis.md`: how to read a diagnosis, for students."""

from collections.abc import Mapping
from typing import Any

INTRODUCTION = """\
# What can be wrong with a network, and how it looks

`make docs` writes this page from the rules and the remedies. For each rule it trains a small network that has a finding
of that rule, and draws a picture. Change the rules, not this page.

## How to read a diagnosis

`GET /experiments/{{id}}/diagnosis`, or `gradlab diagnose ID`, answers five questions.

**Is anything wrong?** The *verdict* is about the experiment as a whole. Initial weights are random: a bad configuration
may have one lucky seed, and a good one an unlucky seed.

| verdict | means |
|---|---|
| healthy | the runs learn, and few or none of them show a warning before the first update |
| at risk | some seeds fail, or more than a third of them show a warning before the first update |
| ill | more than a third of the seeds fail, diverge or overfit |
| undecided | too early to say |

**What became of each seed?** Its *outcome* is measured on a scale that follows from the data, without a target set by
hand. 0 is the loss of the best constant prediction, 1 the loss of a perfect prediction. The *gain* is the position of a
run between the two. *Learnt* is the share of avoidable errors that the run avoids. *Needed* is the share from which on
it counts as learning: half of the share that nearest neighbours avoid without any training. A run *learns*, *fails*,
has *diverged* (NaN or infinite values), or is *undecided*.

**What is wrong?** Each *finding* is the result of one rule. There are three kinds:

- a **risk** is seen before the first update: in the data, in the spec, in the untrained network. Trouble is likely, but
  may not come;
- a **symptom** is seen while the network trains. Many symptoms occur in healthy networks too (half of the units of a
  narrow relu layer may be dead), so they are reported only for runs that fail;
- a **failure** is a bad outcome: a run does not learn, has NaN or infinite values, or overfits.

Every finding names the layers, the first epoch and the number of seeds in which it was seen. It shows the measured
numbers beside their thresholds. Its severity is *info*, *warning* or *critical*.

**Where does it begin?** Findings are listed in causal order. A finding follows from another one that can cause it,
began no later, and is seen in at least half of its seeds. The *root cause* is the finding that follows from no other
and explains most failing seeds. Treat the root cause: its consequences disappear with it. The diagnosis of the
tutorial's second network, five tanh layers with weights from U(0, 1), reads:

{chain}

**What would help?** Remedies, best first. A remedy changes one thing. Its effect can be tested:
`POST /experiments/{{id}}/treatments`, or `gradlab treat ID`, trains the changed specs on the same seeds and compares
them with the untreated spec and with a control. It recommends the smallest change that cures, unless a larger change is
better by more than chance.

The pictures show the median over the seeds; where there is a band, it reaches from the lowest to the highest seed. In
heat maps the input's side is at the bottom, grey is exactly 0, and crossed cells are NaN or infinite."""


def chain(numbers: Mapping[str, Any]) -> str:
    """Return the findings of an example as a Markdown list, each with its causes."""
    lines = []
    for place, finding in enumerate(numbers["findings"], start=1):
        name, causes = finding["rule"], finding["caused_by"]
        follows = f", follows from {' and '.join(causes)}" if causes else ""
        root = " (**root cause**)" if name == numbers["root_cause"] else ""
        lines.append(f"{place}. [{name}](#{name}){root}{follows}")
    return "\n".join(lines)
