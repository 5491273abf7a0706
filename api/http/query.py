"""Query parameters are taken at their word: unknown ones are refused, and so is one that is given twice."""

from itertools import islice

from fastapi import Depends, Request
from fastapi._compat.shared import field_annotation_is_sequence
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query

from gradlab.errors import MAX_PROBLEMS, Invalid, Problem, shorten
from gradlab.spec.problems import among

# More names than any route has, so that what follows them need not be looked at: too many of them are unknown.
MAX_PARAMETERS = 2 * MAX_PROBLEMS


def check_query(request: Request) -> None:
    """Refuse what the route would ignore. Every route depends on it.

    Raises:
        Invalid: a parameter is none of the route's; the problem names the nearest one that is. Or one that holds a
            single value is given several times.
    """
    received = request.query_params
    if not received:
        return
    repeatable = {
        field.validation_alias or field.alias: field_annotation_is_sequence(field.field_info.annotation)
        for field in get_flat_params(request.scope["route"].dependant)
        if isinstance(field.field_info, Query)
    }
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


QueryCheck = Depends(check_query)
