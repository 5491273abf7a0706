"""Treatments: a spec and changed ones are trained on the same seeds and compared, to identify cures and causes.

All functions are pure. `begin` and `proceed` return the trials to be trained, `result` the outcome of one trial, and
`report` the comparison of all. Training and storage are the caller's.
"""

from core.treatment.judgement import Judgement
from core.treatment.report import Report, explain, in_words, report
from core.treatment.request import as_begun, check_applicable
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
    "as_begun",
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
