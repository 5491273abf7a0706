"""What lists of experiments are restricted to and sorted by. It imports nothing: every command needs it."""

from typing import Literal

# As in `gradlab.diagnosis.conclusion`, whose import takes longer than a command's help.
Verdict = Literal["healthy", "at risk", "ill", "undecided"]
# The newest first; or the worst verdict; or by root cause, causes before their consequences.
Sort = Literal["newest", "verdict", "root_cause"]
