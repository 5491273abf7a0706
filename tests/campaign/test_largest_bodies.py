"""Every field of every body as large as the service reads it: nobody else waits, and no answer is large or breaks."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.campaign.watching import MAX_WAIT_SECONDS, call, watched
from tests.servers import wait_until
from tests.services import Service

# Just below the largest body that the service reads.
SIZE = 980_000
MAX_SECONDS, MAX_ANSWER = 10.0, 1_000_000
MARK = "the place"


def times(item: str) -> str:
    return "[" + ",".join([item] * (SIZE // (len(item) + 1))) + "]"


VALUES = {
    "numbers": times("0"),
    "words": times('"x"'),
    "nulls": times("null"),
    "lists": times("[]"),
    "objects": times("{}"),
    "kinds": times('{"kind":"dens"}'),
    "different numbers": "[" + ",".join(map(str, range(140_000))) + "]",
    "as many numbers as are let in": "[" + ",".join(map(str, range(9_000))) + "]",
    "one long word": '"' + "a" * SIZE + '"',
    "a deep list": "[" * 900 + "]" * 900,
    "a number of 4,000 digits": "1" + "0" * 4000,
    "a billion": "1000000000",
    "less than nothing": "-1",
    "true": "true",
}
UNKNOWN = ",".join(f'"u{number}":0' for number in range(90_000))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The path of everything in an example; of lists the first item only."""
    yield path, value
    if isinstance(value, dict):
        for name, each in value.items():
            yield from places(each, (*path, name))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


def replaced(example: Any, path: tuple[Any, ...], text: str) -> str:
    """The example as JSON, with a text in one place."""
    if not path:
        return text
    body = copy.deepcopy(example)
    holder = body
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = MARK
    return json.dumps(body).replace(f'"{MARK}"', text)


def large_bodies(example: Any) -> Iterator[tuple[str, str]]:
    """Yield the name of the large part, and the body."""
    for path, value in places(example):
        where = ".".join(map(str, path)) or "the whole body"
        for what, text in VALUES.items():
            yield f"{where} = {what}", replaced(example, path, text)
        if isinstance(value, dict):
            wide = json.dumps({**value, MARK: 0}).replace(f'"{MARK}": 0', UNKNOWN)
            yield f"{where} with unknown fields", replaced(example, path, wide)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Path, method and examples of whatever takes a body."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if "requestBody" in operation:
                content = operation["requestBody"]["content"]["application/json"]
                for each in content.get("examples", {}).values():
                    yield path, method.upper(), each["value"]


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_no_body_holds_others_up(service: Service):
    url = service.client.url
    document = json.loads(call(url, "GET", "/openapi.json")[1])
    examples = list(operations(document))
    sent = next(example for _, _, example in examples if example.get("source") == "external")
    experiment = json.loads(call(url, "POST", "/experiments", json.dumps(sent).encode())[1])["id"]
    triaged = next(json.dumps(example).encode() for path, _, example in examples if path.endswith("/triage"))
    # A worker that has just been started first loads TensorFlow, for which a triage need not wait.
    wait_until(lambda: call(url, "POST", "/experiments/triage", triaged)[0] == 200)
    faults, tried = [], 0
    for path, method, example in examples:
        own = path.replace("{experiment_id}", experiment).replace("{seed}", "0")
        for label, text in large_bodies(example):
            answer = watched(url, method, own, text.encode())
            tried += 1
            too_much = answer.wait > MAX_WAIT_SECONDS or answer.seconds > MAX_SECONDS or len(answer.body) > MAX_ANSWER
            if too_much or answer.status >= 500:
                cost = f"{answer.seconds:.1f} s, /livez {answer.wait:.2f} s, {len(answer.body):,} bytes"
                faults.append(f"{method} {path} {label}: {answer.status}, {cost}")
    assert not faults, "\n".join(faults)
    assert tried > 500
