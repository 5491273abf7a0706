"""HTTP server of the API, with bounds on the number of connections and on their time."""

from api.http.server.connections import Connections
from api.http.server.protocol import ClientConnection

__all__ = ["ClientConnection", "Connections"]
