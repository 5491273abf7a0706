"""HTTP: errors, bodies, headers, origins, cursors, readiness, and the server."""
