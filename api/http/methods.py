"""Which methods a path takes: what `Allow` names (RFC 9110, 10.2.1). A router knows only those of one route."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route


class Methods:
    """The methods of each path.

    Args:
        routes: all of them, in the order in which they are tried.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = [route for route in routes if isinstance(route, Route)]

    def of(self, path: str) -> list[str]:
        """The methods of a path, in alphabetical order; of one that no route has, those of a file."""
        matching = [route for route in self._routes if route.path_regex.match(path)]
        methods = {method for route in matching if route.path == matching[0].path for method in route.methods or ()}
        if not methods or "GET" in methods:
            methods |= {"GET", "HEAD"}
        return sorted(methods)
