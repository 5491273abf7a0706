"""Pages from the API's description: endpoints, the schemas of requests and responses, and the fields of a spec."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

from api.app import create_app
from core.settings import Settings
from scripts.pages.catalogue import places
from scripts.pages.markdown import anchor, code, page, prose, table, value
from scripts.pages.schemas import Schema, bounds, name_of, section, type_of

# The parts of a spec, from the whole to its parts. Their fields stand on a page of their own.
SPEC = ("ExperimentSpec", "ModelSpec", "GraphSpec", "Node", "Graph", "TrainingSpec", "EarlyStopping", "RecordSpec")
EXTERNAL_SPEC = ("ExternalSpec", "ExternalLayer", "ExternalParameter", "ExternalTarget", "ExternalRecord")


@cache
def description() -> Mapping[str, Any]:
    """The API's OpenAPI document."""
    return create_app(Settings(host="127.0.0.1")).openapi()


def pages() -> dict[str, str]:
    """The pages, by their paths below `docs/`."""
    return {
        "reference/spec.md": _spec_page(),
        "reference/http.md": _endpoints_page(),
        "reference/schemas.md": _schemas_page(),
    }


def _schemas() -> Mapping[str, Schema]:
    schemas: Mapping[str, Schema] = description()["components"]["schemas"]
    return schemas


def _spec_page() -> str:
    def parts(names: tuple[str, ...]) -> list[str]:
        return [section(name, _schemas()[name], to_catalogue="catalogue/", to_schemas="schemas.md") for name in names]

    registries = ", ".join(f"[{name}](catalogue/{name}.md)" for name in places().values())
    introduction = (
        "The fields of a spec, read from the API's description. What stands in them by `kind` is in the catalogue: "
        f"{registries}. A `kind` without further fields may be written as its name alone. "
        "[Write a spec](../guides/write-a-spec.md) begins with an example."
    )
    elsewhere = "## A training that runs elsewhere"
    return page("Spec", introduction, "## A training of the service", *parts(SPEC), elsewhere, *parts(EXTERNAL_SPEC))


def _endpoints_page() -> str:
    by_tag: dict[str, list[str]] = defaultdict(list)
    for path, operations in description()["paths"].items():
        for method, operation in operations.items():
            by_tag[operation.get("tags", ["others"])[0]].append(_operation(path, method, operation))
    sections = [f"## {tag.capitalize()}\n\n" + "\n\n".join(parts) for tag, parts in by_tag.items()]
    introduction = (
        f"{description()['info']['description'].strip()}\n\nA running service shows the same at `/docs`, where each "
        "call can be tried, and as a document for generators of clients at `/openapi.json`. Requests and responses "
        "are described under [schemas](schemas.md)."
    )
    return page("HTTP API", introduction, *sections)


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    name = operation["operationId"]
    parts = [f"{anchor(name)}\n\n### {operation['summary']}", f"`{method.upper()} {path}`"]
    parts.append(operation.get("description", "").replace("<", "&lt;"))
    if parameters := operation.get("parameters"):
        parts.append(table(("parameter", "in", "type", "default", "range", "meaning"), map(_parameter, parameters)))
    if body := operation.get("requestBody"):
        kinds = (_type(content.get("schema", {})) for content in body["content"].values())
        parts.append(f"Body: {' or '.join(dict.fromkeys(kinds))}.")
    parts.append(_answers(operation["responses"]))
    return "\n\n".join(filter(None, parts))


def _parameter(each: Mapping[str, Any]) -> tuple[str, ...]:
    schema = each["schema"]
    default = "required" if each.get("required") else value(schema["default"]) if "default" in schema else ""
    meaning = each.get("description", schema.get("description", ""))
    return code(each["name"]), each["in"], _type(schema), default, ", ".join(bounds(schema)), prose(meaning)


def _type(schema: Schema) -> str:
    return type_of(schema, to_catalogue="catalogue/", to_schemas="schemas.md")


def _answers(responses: Mapping[str, Mapping[str, Any]]) -> str:
    """The response if all goes well, then the statuses of refusals."""
    good = {status: answer for status, answer in responses.items() if status < "300"}
    lines = []
    for status, answer in good.items():
        forms = ", ".join(_form(form, content) for form, content in answer.get("content", {}).items())
        lines.append(f"`{status}` {forms}".strip())
    refusals = ", ".join(code(status) for status in sorted(responses) if status not in good)
    return f"Answers: {'; '.join(lines)}." + (f" Otherwise: {refusals}." if refusals else "")


def _form(form: str, content: Mapping[str, Any]) -> str:
    """One form of an answer: its schema, where it has one, and its media type."""
    schema = content.get("schema", {})
    return f"{_type(schema)} as `{form}`" if name_of(schema) else code(form)


def _schemas_page() -> str:
    kinds = {name_of(each) for names in _choices(description()) for each in names}
    schemas = {name: schema for name, schema in _schemas().items() if name not in kinds}
    sections = [section(name, schema, to_catalogue="catalogue/") for name, schema in schemas.items()]
    introduction = "What the [endpoints](http.md) take and answer, field by field. Kinds are in the catalogue."
    return page("Schemas", introduction, *sections)


def _choices(part: Any) -> list[list[Schema]]:
    """The members of every choice by kind that has a page in the catalogue."""
    if isinstance(part, list):
        return [choice for each in part for choice in _choices(each)]
    if not isinstance(part, dict):
        return []
    inner = [choice for each in part.values() for choice in _choices(each)]
    kinds = part.get("discriminator", {}).get("mapping", {}) if isinstance(part.get("discriminator"), dict) else {}
    return [*inner, part["oneOf"]] if frozenset(kinds) in places() else inner
