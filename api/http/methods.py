"""Methods of each path, for the header `Allow` (RFC 9110, 10.2.1). A router's own `Allow` covers one route only."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route


class Methods:
    """The methods of each path.

    Args:
        routes: all routes, in the order of matching.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = [route for route in routes if isinstance(route, Route)]

    def of(self, path: str) -> list[str]:
        """Return the methods of a path, sorted. A path without a route has those of a file: GET and HEAD."""
        matching = [route for route in self._routes if route.path_regex.match(path)]
        methods = {method for route in matching if route.path == matching[0].path for method in route.methods or ()}
        if not methods or "GET" in methods:
            methods |= {"GET", "HEAD"}
        return sorted(methods)
