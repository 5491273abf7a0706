"""Requests that would be expensive to refuse: others are answered meanwhile, and the answer is short."""

import json
from typing import Any

import pytest

from tests.builders import a_spec
from tests.campaign.watching import MAX_WAIT_SECONDS, watched
from tests.unit.desk import as_json

# Just below the largest body that the service reads.
SIZE = 990_000
VALIDATE, SUBMIT = "/experiments/validate", "/experiments"
MARK = "the place"


def many(item: str, size: int = SIZE) -> str:
    return ",".join([item] * (size // (len(item) + 1)))


def spec(items: str, *path: str | int) -> str:
    """A sound spec with a list of items in one place."""
    body: Any = as_json(a_spec())
    target = body
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = MARK
    return json.dumps(body).replace(f'"{MARK}"', f"[{items}]")


def external(**lists: str) -> str:
    fields = {"layers": '{"name":"d","class_name":"D","parameters":[{"name":"a","shape":[1]}]}', **lists}
    listed = ",".join(f'"{name}":[{items}]' for name, items in fields.items())
    return f'{{"source":"external","epochs":10,{listed}}}'


def blocks(depth: int) -> str:
    inside = '{"kind":"dense","units":2,"repeat":9000}'
    for _ in range(depth):
        inside = f'{{"kind":"residual","layers":[{inside}]}}'
    return spec(inside, "model", "layers")


BODIES = {
    "seeds that are lists": (VALIDATE, spec(many("[]"), "seeds")),
    "seeds that are null": (VALIDATE, spec(many("null"), "seeds")),
    "ten thousand wrong seeds": (VALIDATE, spec(many("null", 50_000), "seeds")),
    "unknown layers": (VALIDATE, spec(many('"dens"'), "model", "layers")),
    "layers without units": (VALIDATE, spec(many('"dense"', 150_000), "model", "layers")),
    "many plain layers": (VALIDATE, spec('{"kind":"dense","units":2,"repeat":10000}', "model", "layers")),
    "unknown fields": (VALIDATE, f"{{{','.join(f'{json.dumps(str(each))}:0' for each in range(90_000))}}}"),
    "blocks in blocks": (VALIDATE, blocks(25)),
    "blocks too deep": (VALIDATE, blocks(110)),
    "equal seeds": (SUBMIT, external(seeds=many("0", 20_000))),
    "layers of one name": (SUBMIT, external(layers=many('{"name":"d","class_name":"D"}', 350_000))),
    "wrong axes": (SUBMIT, external(layers='{"name":"d","class_name":"D","output_shape":[' + many("-1", 700) + "]}")),
    "equal metrics": (SUBMIT, external(metrics=many('"loss"'))),
}


@pytest.mark.parametrize("case", BODIES)
def test_what_is_refused_is_refused_soon_and_in_short(live_api: str, case: str):
    path, text = BODIES[case]
    answer = watched(live_api, "POST", path, text.encode())
    assert answer.status == 422
    assert len(answer.body) < 200_000
    assert answer.seconds < 10
    assert answer.wait < MAX_WAIT_SECONDS


def test_shapes_beyond_all_measure_are_refused(live_api: str):
    layer = {"name": "d", "class_name": "D", "parameters": [{"name": "kernel", "shape": [10**200, 10**200]}]}
    answer = watched(
        live_api, "POST", SUBMIT, json.dumps({"source": "external", "epochs": 1, "layers": [layer]}).encode()
    )
    assert answer.status == 422
