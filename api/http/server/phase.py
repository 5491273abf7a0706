"""Phases of a connection."""

from enum import Enum


class Phase(Enum):
    """Phase of a connection: what it waits for."""

    head = "the rest of a request's head"
    body = "the rest of a request's body"
    answer = "its answer"
    drain = "the rest of a body that has been answered already"
    over = "its end: what still comes is not read"
