"""The dashboard is served from this origin alone, under a policy that allows nothing else."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.builders import a_spec
from tests.unit.desk import Desk

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "api" / "static"
# Two folders that are served as one.
SERVED_AS_ONE = (STATIC / "dashboard", ROOT / "gradlab" / "src" / "gradlab" / "report" / "static")
VENDORED = "uplot.js"
MODULES = sorted(path for root in SERVED_AS_ONE for path in root.rglob("*.js") if path.name != VENDORED)
TUTORIAL = sorted(path.stem for path in (ROOT / "examples").glob("tutorial-*.json"))


def recipes() -> dict[str, dict]:
    text = (STATIC / "dashboard" / "pages" / "recipes.js").read_text()
    found = json.loads(text[text.index("[") : text.rindex("]") + 1])
    return {each["key"]: each["spec"] for each in found}


def test_the_dashboard_stands_at_the_root_under_the_strictest_policy(desk: Desk):
    page = desk.http.get("/")
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Content-Security-Policy"] == "default-src 'self'; frame-ancestors 'none'"
    for address in re.findall(r'(?:href|src)="(/[^"#]+)"', page.text):
        assert desk.http.get(address).status_code == 200, address


@pytest.mark.slow
def test_the_dashboard_says_whose_experiments_it_shows(desk: Desk, open_desk):
    assert 'id="label"' not in desk.http.get("/").text
    page = open_desk(label="demo <1>").http.get("/")
    assert '<p id="label" class="tag">demo &lt;1&gt;</p><nav' in page.text
    assert page.headers["Content-Security-Policy"] == desk.http.get("/").headers["Content-Security-Policy"]


def test_a_browser_loads_ahead_all_modules_of_a_page_and_no_others(desk: Desk):
    page = desk.http.get("/").text
    first = {"/static/dashboard/main.js", *re.findall(r'rel="modulepreload" href="([^"]+)"', page)}
    (lists,) = re.findall(r'<script type="application/json" id="modules">(.*)</script>', page)
    pages: dict[str, list[str]] = json.loads(lists)
    main = (STATIC / "dashboard" / "main.js").read_text()
    assert len(pages) == main.count("await import(")
    for modules in [first, *({*first, *further} for further in pages.values())]:
        imported = {address for module in modules for address in _imports(module)}
        assert imported <= modules
        assert modules - imported <= {"/static/dashboard/main.js", *_opened(main)}


def _imports(address: str) -> set[str]:
    """The addresses of what a module imports before it runs."""
    place = address.removeprefix("/static/dashboard/")
    (text,) = [(root / place).read_text() for root in SERVED_AS_ONE if (root / place).is_file()]
    paths = re.findall(r'\bfrom "([^"]+)";', re.sub(r"^ *(//|/?\*).*", "", text, flags=re.MULTILINE))
    return {os.path.normpath(f"{os.path.dirname(address)}/{path}") for path in paths}


def _opened(main: str) -> set[str]:
    """The addresses of the pages' own modules, which `main.js` imports when they are opened."""
    return {f"/static/dashboard/{path}" for path in re.findall(r'await import\("\./([^"]+)"\)', main)}


def test_the_dashboard_needs_no_key_and_its_data_do(open_desk):
    guarded = open_desk(api_key="secret")
    assert guarded.http.get("/").status_code == 200
    assert guarded.http.get("/static/dashboard/main.js").status_code == 200
    assert guarded.http.get("/experiments").status_code == 401


def test_nothing_of_the_dashboard_comes_from_elsewhere_or_is_inline():
    for path in [*MODULES, STATIC / "index.html"]:
        text = path.read_text()
        assert re.findall(r"https?://(?!www\.w3\.org)", text) == [], path
        assert re.findall(r"innerHTML|style=\"|\beval\(|onclick=\"", text) == [], path
        # A link to data leads to a refusal where the service has a key: `fileLink` makes a button there.
        assert re.findall(r"href: [`\"]/experiments", text) == [], path
        (root,) = [root for root in (*SERVED_AS_ONE, STATIC) if root in path.parents][:1]
        for imported in re.findall(r'from "([^"]+)"', text):
            place = Path(os.path.normpath(path.parent / imported)).relative_to(root)
            assert any((other / place).is_file() for other in SERVED_AS_ONE), (path, imported)


@pytest.mark.slow
def test_the_modules_that_draw_are_served_with_the_dashboards_own(desk: Desk):
    for path in MODULES:
        (root,) = [root for root in SERVED_AS_ONE if root in path.parents]
        assert desk.http.get(f"/static/dashboard/{path.relative_to(root)}").text == path.read_text()


def test_the_editor_is_served_with_its_licences_and_named_by_its_own_field_alone(desk: Desk):
    assert desk.http.get("/static/codemirror.js").status_code == 200
    assert "MIT License" in (STATIC / "LICENSE.codemirror").read_text()
    loading = re.compile(r"await import\(.*codemirror\.js|from .*codemirror\.js")
    assert [path.name for path in MODULES if loading.search(path.read_text())] == ["spec_field.js"]
    assert "codemirror" not in (STATIC / "index.html").read_text()


def test_no_module_stands_in_both_folders():
    places = [path.relative_to(root) for root in SERVED_AS_ONE for path in root.rglob("*") if path.is_file()]
    assert len(places) == len({*places})


def test_a_module_says_what_it_is_for():
    """The other laws of a module stand in `eslint.config.js`: `make check-js`."""
    assert [path for path in MODULES if not path.read_text().startswith("// ")] == []


@pytest.mark.parametrize("name", TUTORIAL)
def test_the_tutorials_recipes_are_the_examples(name: str):
    assert recipes()[name] == json.loads((ROOT / "examples" / f"{name}.json").read_text())


@pytest.mark.parametrize("name", recipes())
def test_every_recipe_can_be_trained(desk: Desk, name: str):
    answer = desk.http.post("/experiments/validate", json=recipes()[name])
    assert answer.status_code == 200, answer.text


@pytest.mark.slow
def test_the_list_is_searched_by_name_whatever_its_case_and_on_every_page(desk: Desk):
    for name in ("Deep tanh", "deep relu", "50% wide", "shallow"):
        desk.submit(a_spec(name=name))

    def found(search: str, **more: str) -> list[str]:
        names, path = [], None
        while path := path or "/experiments":
            query = {} if "cursor" in path else {"search": search, **more}
            answer = desk.http.get(path, params=query).json() if query else desk.http.get(path).json()
            names += [each["name"] for each in answer["experiments"]]
            path = answer["next"]
            if path is None:
                return names
        return names

    assert found("DEEP", limit="1") == ["deep relu", "Deep tanh"]
    assert found("0% w") == ["50% wide"]
    assert found("%") == ["50% wide"]
    assert found("circles") == []
    assert desk.http.get("/experiments?search=").status_code == 422


@pytest.mark.parametrize("character", ["\x00", "\x11", "\n", "\x7f"])
def test_a_search_for_what_no_name_contains_is_refused(desk: Desk, character: str):
    """PostgreSQL takes no NUL: the request would fail there with status 500."""
    answer = desk.http.get("/experiments", params={"search": f"tanh{character}"})
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["field"] == "search"
