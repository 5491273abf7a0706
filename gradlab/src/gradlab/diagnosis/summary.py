"""Summary of a diagnosis: verdict and root cause in one line, as lists and headings show them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Protocol

from gradlab.diagnosis.conclusion import Verdict
from gradlab.diagnosis.finding import Finding

LIBRARY = Path(__file__).parents[1]
# Packages on whose code a diagnosis of given runs depends.
RULES = (LIBRARY / "diagnosis", LIBRARY / "theory")

Confidence = Literal["certain", "likely", "tentative"]


@dataclass(frozen=True)
class DiagnosisSummary:
    """The verdict of a diagnosis with its root cause.

    Attributes:
        verdict: as in the diagnosis.
        root_cause: the rule's name; None where there is none.
        title: the root cause in a few words; None where there is none.
        confidence: ``certain``: nothing is unjudged, and every seed that was read shows the root cause. ``likely``:
            more than half of the seeds show it, or a healthy verdict has unjudged rules. ``tentative``: anything else.
        unjudged: the number of rules that could not be applied.
    """

    verdict: Verdict
    root_cause: str | None
    title: str | None
    confidence: Confidence
    unjudged: int

    def __str__(self) -> str:
        return in_one_line(self.verdict, self.root_cause, self.title, self.confidence, self.unjudged)


class Diagnosed(Protocol):
    """A diagnosis, or the response with one."""

    @property
    def verdict(self) -> Verdict: ...
    @property
    def root_cause(self) -> str | None: ...
    @property
    def findings(self) -> Sequence[Finding]: ...
    @property
    def unjudged(self) -> Sequence[object]: ...


def root_of(diagnosis: Diagnosed) -> Finding | None:
    """Return the finding that is the root cause; None if there is none."""
    return next((each for each in diagnosis.findings if each.rule == diagnosis.root_cause), None)


def summary_of(diagnosis: Diagnosed) -> DiagnosisSummary:
    """Return the summary of a diagnosis."""
    root = root_of(diagnosis)
    unjudged = len(diagnosis.unjudged)
    share = len(root.seeds) / root.of_seeds if root else float(diagnosis.verdict == "healthy")
    confidence: Confidence = "likely" if share > 1 / 2 else "tentative"
    if share == 1 and not unjudged:
        confidence = "certain"
    return DiagnosisSummary(diagnosis.verdict, diagnosis.root_cause, root.title if root else None, confidence, unjudged)


def in_one_line(
    verdict: str, root_cause: str | None, title: str | None, confidence: str, unjudged: int, *, stale: bool = False
) -> str:
    """Return ``ill: TITLE (RULE), certain; 2 rules unjudged``, without the parts that there are none of.

    Args:
        verdict, root_cause, title, confidence, unjudged: as in `DiagnosisSummary`.
        stale: True if other rules than this version's made it.
    """
    if verdict == "healthy" and unjudged:
        verdict = "healthy on what was measured"
    rest = behind_verdict(verdict, root_cause, title, confidence, unjudged, stale=stale)
    mark = ": " if root_cause else "; " if verdict == "undecided" else ", "
    return f"{verdict}{mark}{rest}" if rest else verdict


def behind_verdict(
    verdict: str, root_cause: str | None, title: str | None, confidence: str, unjudged: int, *, stale: bool = False
) -> str:
    """Return what stands behind the verdict in its line: ``TITLE (RULE), certain; 2 rules unjudged``."""
    cause = f"{title} ({root_cause})" if root_cause else ""
    sure = "" if verdict == "undecided" else confidence
    count = f"{unjudged} rule{'s' * (unjudged != 1)} unjudged" if unjudged else ""
    first = ", ".join(filter(None, (cause, sure)))
    return "; ".join(filter(None, (first, count, "stale" if stale else "")))


@cache
def rules_hash() -> str:
    """Return the SHA-256 of the rules' code and thresholds, in hexadecimal. Summaries under another one are stale."""
    digest = hashlib.sha256()
    for file in sorted(file for folder in RULES for file in folder.rglob("*.py")):
        digest.update(f"{file.relative_to(LIBRARY)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()
