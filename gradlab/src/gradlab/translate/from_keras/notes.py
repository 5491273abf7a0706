"""Reports of a translation beside its result: problems, dropped arguments, and remarks."""

from dataclasses import dataclass, field
from typing import Any

from gradlab.errors import Invalid, Problem, shorten

# Remarks and dropped arguments that an answer lists. A network repeats them layer by layer.
MAX_LISTED = 100


class Untranslatable(Exception):
    """A value has no counterpart in the vocabulary.

    Attributes:
        expected: the values that have one, and what to do instead.
        received: the value, shortened.
    """

    def __init__(self, expected: str, received: Any) -> None:
        super().__init__(expected)
        self.expected = expected
        self.received = received if isinstance(received, str) else shorten(received)


@dataclass
class Notes:
    """The problems of a translation, and what it left out.

    Attributes:
        problems: one for each layer or argument that cannot be translated.
        dropped: arguments that were left out, because they do not change what is trained.
        remarks: sentences on what is translated to something else than its name says.
        is_keras_2: True for a configuration that Keras 2 wrote.
    """

    problems: list[Problem] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    is_keras_2: bool = False

    def refuse(self, where: str, expected: str, received: Any) -> None:
        """Add a problem."""
        self.problems.append(Problem(where, expected, received if isinstance(received, str) else shorten(received)))

    def drop(self, where: str, value: Any, why: str) -> None:
        """Note an argument that is left out."""
        if len(self.dropped) < MAX_LISTED:
            self.dropped.append(f"{where}={shorten(value)}: {why}")

    def remark(self, sentence: str) -> None:
        """Note a remark, once."""
        if sentence not in self.remarks and len(self.remarks) < MAX_LISTED:
            self.remarks.append(sentence)

    def check(self) -> None:
        """Raise Invalid if there are problems."""
        if self.problems:
            raise Invalid(*self.problems)
