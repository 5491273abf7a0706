"""Profile: what a user's samples look like, what about them breaks trainings, and how they may be trained on."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gradlab.profile.model import (
    ColumnProfile,
    Commonest,
    DataWarning,
    Histogram,
    LeftOut,
    PreparationProposal,
    Profile,
    Proposal,
    SplitProposal,
)

if TYPE_CHECKING:
    from gradlab.profile.measurement import profile as profile

__all__ = [
    "ColumnProfile",
    "Commonest",
    "DataWarning",
    "Histogram",
    "LeftOut",
    "PreparationProposal",
    "Profile",
    "Proposal",
    "SplitProposal",
    "profile",
]


def __getattr__(name: str) -> Any:
    # Whoever reads profiles needs nothing of what measures them.
    if name != "profile":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("gradlab.profile.measurement").profile
