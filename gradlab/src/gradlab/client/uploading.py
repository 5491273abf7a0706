"""Uploads of files, as a part of the client."""

from pathlib import Path
from typing import Any

from gradlab.client.connection import Connection
from gradlab.errors import Invalid, Problem
from gradlab.frozen import MAX_NAME

# Time to send a piece of a file, and then to answer, in seconds: the service may store half a gigabyte elsewhere.
UPLOAD_TIMEOUT = {"connect": 30.0, "pool": 30.0, "write": 60.0, "read": 300.0}


class Uploading(Connection):
    """Uploads files."""

    def _post_file(self, path: str, file: Path, media_type: str, expected: str, name: str | None) -> Any:
        """Send a file as it is read, and return the response.

        Args:
            path: of the endpoint.
            file: what is sent.
            media_type: of the file.
            expected: the kind of file for an error's message.
            name: its name in the service; the file's by default.

        Raises:
            Invalid: the file cannot be read.
            Refused: the service refused what is in it.
        """
        try:
            with file.open("rb") as content:
                headers = {"Content-Type": media_type, "Content-Length": str(file.stat().st_size)}
                query = {"name": (name or file.name)[:MAX_NAME]}
                more: dict[str, Any] = {"headers": headers, "params": query}
                more["extensions"] = {"timeout": UPLOAD_TIMEOUT}
                return self._request("POST", path, content=content, **more)
        except OSError as error:
            raise Invalid(Problem(str(file), expected, error.strerror or "nothing")) from error
