"""Identity: the parts of an experiment that every response with series names."""

from typing import Protocol
from uuid import UUID

from gradlab.schemas.status import Status


class Identity(Protocol):
    """An experiment, as far as its series are concerned."""

    @property
    def id(self) -> UUID:
        """The experiment's id."""

    @property
    def status(self) -> Status:
        """The experiment's state."""
