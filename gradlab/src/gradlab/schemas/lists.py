"""Orders of lists of experiments. It imports nothing of this project: every command needs it."""

from typing import Literal

# The newest first; or the worst verdict; or by root cause, causes before their consequences.
Sort = Literal["newest", "verdict", "root_cause"]
