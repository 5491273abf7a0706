"""Connection to the service: requests, and errors of responses."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import uuid4

from pydantic import ValidationError

from gradlab.client.events import EVENT_STREAM, StreamedEvent, read_events
from gradlab.schemas.media_types import JSON, PROBLEM_JSON
from gradlab.schemas.problem import ProblemDocument
from gradlab.schemas.response_model import ResponseModel

if TYPE_CHECKING:
    import ssl

    import httpx2

    from gradlab.schemas.datasets import DatasetsResponse
    from gradlab.schemas.experiments import ExperimentsResponse
    from gradlab.schemas.studies import StudiesResponse
    from gradlab.schemas.treatments import TreatmentsResponse, TreatmentSummariesResponse
    from gradlab.schemas.weights import WeightsListResponse

Answer = TypeVar("Answer", bound=ResponseModel)
Page = TypeVar(
    "Page",
    "DatasetsResponse",
    "ExperimentsResponse",
    "StudiesResponse",
    "TreatmentsResponse",
    "TreatmentSummariesResponse",
    "WeightsListResponse",
)

STREAM_TIMEOUT_SECONDS = 45.0  # the service writes to a stream at least every 15 seconds

# A number of the system's that precedes its own words for an error.
ERROR_NUMBER = re.compile(r"^\[Errno -?\d+\] ")


class Refused(Exception):
    """The service refused a request.

    Attributes:
        problem: the problem document.
    """

    def __init__(self, problem: ProblemDocument) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class Unreachable(Exception):
    """The service does not respond, or is temporarily unavailable (503)."""


class NoAnswer(Unreachable):
    """Nothing responds at the address."""


class AnotherProgram(Unreachable):
    """Another program responds at the address, or a service of another version.

    Attributes:
        status: the HTTP status of its response. From 500 on it may be a proxy before a service that starts.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@cache
def _trusted_certificates() -> "ssl.SSLContext":
    """The certificates that every connection trusts. Reading them takes 20 ms."""
    import httpx2

    return httpx2.create_ssl_context()


class Connection:
    """Connection to one service.

    Args:
        url: address of the service.
        api_key: its API key, if it has one.
        timeout: maximum wait for a response, in seconds.
    """

    def __init__(self, url: str = "http://127.0.0.1:8000", api_key: str | None = None, timeout: float = 60.0) -> None:
        import httpx2  # a hundred modules that a diagnosis without a service does not need

        headers = {b"Authorization": f"Bearer {api_key}".encode()} if api_key else {}
        self._errors = httpx2.HTTPError
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=timeout, verify=_trusted_certificates())
        self.url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    @contextmanager
    def _stream(self, path: str, **more: Any) -> "Iterator[httpx2.Response]":
        """Open a response that is read as it arrives."""
        try:
            with self._http.stream("GET", path, **more) as response:
                if response.status_code >= 400:
                    response.read()
                yield self._check_response(response)
        except self._errors as error:
            raise self._no_answer(error) from error

    def _events(self, path: str, last_id: str | None, replay: bool) -> Iterator[StreamedEvent]:
        """Iterate over the events of a stream, until the last one or until the service stops."""
        headers = {"Accept": EVENT_STREAM} | ({"Last-Event-ID": last_id} if last_id else {})
        more = {"params": {"replay": replay}, "headers": headers, "timeout": STREAM_TIMEOUT_SECONDS}
        with self._stream(path, **more) as response:
            yield from read_events(response)

    def _request(self, method: str, path: str, **more: Any) -> "httpx2.Response":
        try:
            response = self._http.request(method, path, **more)
        except self._errors as error:
            raise self._no_answer(error) from error
        return self._check_response(response)

    def _post_once(self, path: str, body: str, key: str | None) -> "httpx2.Response":
        """Send a request that creates a resource, twice if the response is lost. The key makes the repetition safe."""
        key = key or str(uuid4())
        try:
            return self._post(path, body, key)
        except Unreachable:
            return self._post(path, body, key)

    def _post(self, path: str, body: str, key: str | None = None) -> "httpx2.Response":
        headers = {"Content-Type": JSON} | ({"Idempotency-Key": key} if key else {})
        return self._request("POST", path, content=body, headers=headers)

    def _no_answer(self, error: Exception) -> NoAnswer:
        return NoAnswer(f"{self.url} does not answer: {ERROR_NUMBER.sub('', str(error))}")

    def _read(self, kind: type[Answer], response: "httpx2.Response") -> Answer:
        """Parse a response.

        Raises:
            AnotherProgram: it is none of this version's.
        """
        try:
            return kind.read(response.content)
        except ValidationError as error:
            raise self._unlike(response.status_code) from error

    def _pages(self, kind: type[Page], path: str) -> Iterator[Page]:
        """Iterate over the pages of a list, from the one at a path on; each is fetched on demand."""
        next_page: str | None = path
        while next_page is not None:
            page = self._read(kind, self._request("GET", next_page))
            yield page
            next_page = page.next

    def _check_response(self, response: "httpx2.Response") -> "httpx2.Response":
        if response.is_success or response.status_code == 304:
            return response
        if not response.headers.get("Content-Type", "").startswith(PROBLEM_JSON):
            raise self._unlike(response.status_code)
        try:
            problem = ProblemDocument.model_validate_json(response.content)
        except ValidationError as error:
            raise self._unlike(response.status_code) from error
        if response.status_code == 503:
            raise Unreachable(f"{self.url} is temporarily unavailable: {problem.detail}")
        raise Refused(problem)

    def _unlike(self, status: int) -> AnotherProgram:
        return AnotherProgram(f"{self.url} answered {status}, and not as this version of Gradient Lab does", status)
