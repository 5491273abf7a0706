"""Trials: a spec and its treated variants trained on the same seeds, and what the comparison says of cures and causes.

Everything here is a pure function of what is known so far: `begin` and `proceed` say what is to be trained, `result`
what a trial has shown, `report` what all of them have. Who trains, and where it is kept, is the caller's business.
"""

from core.treatment.judgement import Judgement
from core.treatment.report import Report, explain, in_words, report
from core.treatment.request import check_applicable
from core.treatment.result import advised, candidates, result
from core.treatment.search import CONTROL, begin, proceed
from core.treatment.stopping import stopped
from core.treatment.triage import recorded_for_rules, triage_spec
from core.treatment.trial import Result, Treatment, Trial

__all__ = [
    "CONTROL",
    "Judgement",
    "Report",
    "Result",
    "Treatment",
    "Trial",
    "advised",
    "begin",
    "candidates",
    "check_applicable",
    "explain",
    "in_words",
    "proceed",
    "recorded_for_rules",
    "report",
    "result",
    "stopped",
    "triage_spec",
]
