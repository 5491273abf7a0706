"""How to read a diagnosis, for a student: the words that stand before the illnesses."""

from collections.abc import Mapping
from typing import Any

INTRODUCTION = """\
# What can be wrong with a network, and how it looks

Written by `make docs` from the rules and the remedies themselves, with a picture of each illness that this project
made: it trained a small network in which the rule speaks. Change the rules, not this page.

## How to read a diagnosis

`GET /experiments/{{id}}/diagnosis`, or `gradlab diagnose ID`, answers five questions.

**Is anything wrong?** The *verdict* is about the experiment, not about one run: networks are drawn at random, and of a
bad configuration one seed may be lucky, of a good one unlucky.

| verdict | means |
|---|---|
| healthy | the runs learn, and nothing in the initial state speaks against it |
| at risk | some seeds fail, or the initial state of more than a third of them foretells trouble |
| ill | more than a third of the seeds fail, diverge or learn by heart |
| undecided | too early to say |

**What became of each seed?** Its *outcome* is measured on a scale that the data themselves set: nobody needs to name a
target. 0 is the loss of the best constant answer, which looks at nothing; 1 is that of a prediction that knows all. The
*gain* is how far a run has come between the two. Beside it stands the share of avoidable errors that the run avoids
(*learnt*), and the share from which on it counts as learning (*needed*): half of what the nearest neighbours avoid
without any training. A run *learns*, *fails*, has *diverged* (left the finite numbers), or is *undecided*.

**What is wrong?** Each *finding* is the answer of one rule. There are three kinds, and they are no more than what they
say:

- a **risk** is seen before the first update: in the data, in the spec, in the untrained network. It says that trouble
  is likely, not that it came;
- a **symptom** is seen while the network trains. Many symptoms are seen in healthy networks too (half of the units of a
  narrow relu layer may be dead), so they are told only of runs that fail;
- a **failure** is what failed: it does not learn, it left the finite numbers, it learns by heart.

Every finding says in which layers, since which epoch and in how many seeds it was seen, and gives the numbers that it
rests on beside the thresholds that they were held against. Its severity is *info*, *warning* or *critical*.

**Where does it begin?** Findings are told in causal order, and each says what it follows from: from another finding
that can cause it, began no later, and is seen in half of its seeds at least. The one that follows from nothing and
explains most failing seeds is the *root cause*. Treat that one: what follows from it goes with it. The diagnosis of the
tutorial's second network, five tanh layers with weights from U(0, 1), reads:

{chain}

**What would help?** Remedies, best first. A remedy changes one thing. Whether it cures is not a matter of opinion:
`POST /experiments/{{id}}/treatments`, or `gradlab treat ID`, trains the changed specs on the same seeds, compares them
with the untreated one and with a control, and recommends the smallest change that cures, unless a larger one is better
beyond luck.

The pictures show the median over the seeds; where there is a band, it reaches from the lowest to the highest seed. In
heat maps the input's side is at the bottom, grey is exactly 0, and crossed cells are NaN or infinite."""


def chain(numbers: Mapping[str, Any]) -> str:
    """The findings of an example as a list, each with what it follows from."""
    lines = []
    for place, finding in enumerate(numbers["findings"], start=1):
        name, causes = finding["rule"], finding["caused_by"]
        follows = f", follows from {' and '.join(causes)}" if causes else ""
        root = " (**root cause**)" if name == numbers["root_cause"] else ""
        lines.append(f"{place}. [{name}](#{name}){root}{follows}")
    return "\n".join(lines)
