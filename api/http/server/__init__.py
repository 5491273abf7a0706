"""How the API is served: connections bounded in number and in time."""

from api.http.server.connections import Connections
from api.http.server.protocol import ClientConnection

__all__ = ["ClientConnection", "Connections"]
