"""Check of query parameters: unknown ones are refused, and so are repeated ones that take a single value."""

from collections.abc import Callable
from functools import cache
from itertools import islice
from typing import Any

from fastapi import Depends, Request
from fastapi._compat.shared import field_annotation_is_sequence
from fastapi.dependencies.utils import get_dependant, get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from gradlab.errors import MAX_PROBLEMS, Invalid, Problem, shorten
from gradlab.spec.problems import among

# More names than any route has. Further ones need no check: more than MAX_PROBLEMS of these are unknown.
MAX_PARAMETERS = 2 * MAX_PROBLEMS


async def check_query(request: Request) -> None:
    """Refuse parameters that the route would ignore. Every route depends on this check.

    Raises:
        Invalid: the route has no such parameter; the problem names the nearest one. Or a parameter that takes a single
            value is repeated.
    """
    received = request.query_params
    if not received:
        return
    route: APIRoute = request.scope["route"]
    repeatable = _parameters(route.path_format, route.endpoint)
    problems = []
    for name in islice(dict.fromkeys(received), MAX_PARAMETERS):
        values = received.getlist(name)
        if name not in repeatable:
            expected = among(list(repeatable), name) if repeatable else "no query parameters"
            problems.append(Problem(name or "(a parameter without a name)", expected, shorten(values[0])))
        elif len(values) > 1 and not repeatable[name]:
            problems.append(Problem(name, "one value", shorten(values)))
    if problems:
        raise Invalid(*problems)


@cache
def _parameters(path: str, endpoint: Callable[..., Any]) -> dict[str, bool]:
    """Return the query parameters of an endpoint, each with True if it may be repeated."""
    return {
        field.validation_alias or field.alias: field_annotation_is_sequence(field.field_info.annotation)
        for field in get_flat_params(get_dependant(path=path, call=endpoint))
        if isinstance(field.field_info, Query)
    }


QueryCheck = Depends(check_query)
