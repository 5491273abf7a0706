"""HTTP: errors, request bodies, headers, origins, cursors, readiness, and the server."""
