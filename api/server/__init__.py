"""How the API is served: connections bounded in number and in time."""

from api.server.connections import Connections
from api.server.protocol import ClientConnection

__all__ = ["ClientConnection", "Connections"]
