"""`Allow` of a 405, against the description of a real service."""

import re

import httpx2
import pytest

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.mark.campaign  # in one process it is in tests/unit/test_api_description.py
def test_allow_names_all_methods_of_every_path(live_api: str):
    paths = httpx2.get(f"{live_api}/openapi.json").json()["paths"]
    assert len(paths) > 20
    for path, operations in paths.items():
        there = re.sub(r"\{\w+\}", NOBODY, path.replace("{form}", "png").replace("{seed}", "1"))
        answer = httpx2.options(f"{live_api}{there}")
        named = set(answer.headers["Allow"].split(", "))
        assert (answer.status_code, named - {"HEAD"}) == (405, {each.upper() for each in operations}), path
