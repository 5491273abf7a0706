"""Trials: a spec and its treated variants trained on the same seeds, and what the comparison says of cures and causes.

Everything here is a pure function of what is known so far: `begin` and `proceed` say what is to be trained, `result`
what a trial has shown, `report` what all of them have. Who trains, and where it is kept, is the caller's business.
"""

from core.trials.comparison import Effect, Rate
from core.trials.judgement import Judgement
from core.trials.look import asked_about, look_at
from core.trials.parts import Part
from core.trials.report import CURED, Report, explain, in_words, report
from core.trials.request import TreatmentSpec, check_applicable
from core.trials.result import advised, candidates, result
from core.trials.search import CONTROL, begin, proceed
from core.trials.stopping import Stop, stopped
from core.trials.trial import Flow, Look, Result, SeedResult, Treatment, Trial

__all__ = [
    "CONTROL",
    "CURED",
    "Effect",
    "Flow",
    "Judgement",
    "Look",
    "Part",
    "Rate",
    "Report",
    "Result",
    "SeedResult",
    "Stop",
    "Treatment",
    "TreatmentSpec",
    "Trial",
    "advised",
    "asked_about",
    "begin",
    "candidates",
    "check_applicable",
    "explain",
    "in_words",
    "look_at",
    "proceed",
    "report",
    "result",
    "stopped",
]
