"""How a client asks the service: one place where answers become results, refusals or outages."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from gradlab.schemas.problem import ProblemDocument

if TYPE_CHECKING:
    import httpx2


class Refused(Exception):
    """The service understood and said no."""

    def __init__(self, problem: ProblemDocument) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class Unreachable(Exception):
    """The service does not answer, or answers that it cannot now."""


class Connection:
    """Connections to one service.

    Args:
        url: where it listens.
        api_key: its key, if it asks for one.
        timeout: seconds to wait for each answer.
    """

    def __init__(self, url: str = "http://127.0.0.1:8000", api_key: str | None = None, timeout: float = 30.0) -> None:
        import httpx2  # a hundred modules that whoever only diagnoses never needs

        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._errors = httpx2.HTTPError
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=timeout)
        self.url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @contextmanager
    def _stream(self, path: str, **more: Any) -> "Iterator[httpx2.Response]":
        """An answer that is read while it comes."""
        try:
            with self._http.stream("GET", path, **more) as answer:
                if answer.status_code >= 400:
                    answer.read()
                yield self._checked(answer)
        except self._errors as error:
            raise Unreachable(f"{self.url} does not answer: {error}") from error

    def _ask(self, method: str, path: str, **more: Any) -> "httpx2.Response":
        try:
            answer = self._http.request(method, path, **more)
        except self._errors as error:
            raise Unreachable(f"{self.url} does not answer: {error}") from error
        return self._checked(answer)

    def _checked(self, answer: "httpx2.Response") -> "httpx2.Response":
        if answer.status_code < 400:
            return answer
        if not answer.headers.get("Content-Type", "").startswith("application/problem+json"):
            raise Unreachable(f"{self.url} answered {answer.status_code}, and not as Gradient Lab does")
        problem = ProblemDocument.model_validate_json(answer.content)
        if answer.status_code == 503:
            raise Unreachable(f"{self.url} cannot now: {problem.detail}")
        raise Refused(problem)
