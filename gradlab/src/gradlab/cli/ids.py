"""Ids of experiments and studies on the command line: beginnings of ids, and completion in the shell."""

import re
from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from gradlab.client.client import Client
from gradlab.client.connection import Refused, Unreachable
from gradlab.errors import Invalid, Problem
from gradlab.schemas.experiments import ExperimentResponse

ID_BEGINNING = re.compile(r"[0-9a-fA-F-]{1,36}")
MAX_NAMED = 3  # of the experiments that share a beginning
MAX_COMPLETIONS = 20


def whole_id(client: Client, text: str) -> str:
    """Return the id of the one experiment whose id begins with `text`.

    A whole id is returned unasked, so that the service answers whether there is such an experiment.

    Raises:
        Invalid: `text` begins no id, or those of several experiments.
    """
    if _is_whole(text):
        return text
    expected = "an experiment's id, or the beginning of one"
    if not ID_BEGINNING.fullmatch(text):
        raise Invalid(Problem("id", f"{expected}: digits and letters from a to f", text or "nothing"))
    experiments = list(_first(client, text, MAX_NAMED + 1))
    if len(experiments) > 1:
        shared = ", ".join(f"{each.id} ({each.name})" for each in experiments[:MAX_NAMED])
        more = ", …" if len(experiments) > MAX_NAMED else ""
        raise Invalid(Problem("id", "an id, or a beginning that no other id shares", f"{text}: {shared}{more}"))
    if not experiments:
        raise Invalid(Problem("id", f"{expected}; `gradlab list` shows them", text))
    return str(experiments[0].id)


def whole_study_id(client: Client, text: str) -> str:
    """Return the id of the one study whose id begins with `text`. A whole id is returned unasked. Raises Invalid."""
    if _is_whole(text):
        return text
    matches = [str(each.id) for each in client.studies() if text and str(each.id).startswith(text.lower())]
    if len(matches) != 1:
        expected = "the id of a study, or a beginning that no other shares; `gradlab studies list` has them"
        raise Invalid(Problem("id", expected, ", ".join(matches[:MAX_NAMED]) or text or "nothing"))
    return matches[0]


def completions(client: Client, incomplete: str) -> list[tuple[str, str]]:
    """Return ids that begin with `incomplete`, newest first, each with its experiment's name and status.

    Nothing is returned where the service does not answer: a shell that completes must not show errors.
    """
    try:
        experiments = list(_first(client, incomplete, MAX_COMPLETIONS))
    except (Unreachable, Refused):
        return []
    return [(str(each.id), f"{each.name}, {each.status}") for each in experiments]


def _first(client: Client, beginning: str, count: int) -> Iterator[ExperimentResponse]:
    return islice(client.experiments(id_prefix=beginning or None), count)


def _is_whole(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
