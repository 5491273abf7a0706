"""Schemas of the API's description as Markdown: types, bounds, and tables of fields."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.catalogue import BOUNDS
from scripts.pages.catalogue import places
from scripts.pages.markdown import anchor, code, prose, table, value

Schema = Mapping[str, Any]


def section(name: str, schema: Schema, *, to_catalogue: str, to_schemas: str = "") -> str:
    """A schema with its fields, or the values that it lists.

    Args:
        name: its name in the description.
        schema: of an object or an enumeration.
        to_catalogue: the way from the page to the catalogue's pages.
        to_schemas: the way from the page to the one with all schemas.
    """
    parts = [f"{anchor(name)}\n\n### {name}", prose(schema.get("description", ""))]
    if "enum" in schema:
        parts.append(", ".join(map(value, schema["enum"])))
    if fields := schema.get("properties"):
        required = schema.get("required", ())
        rows = (
            (
                code(field),
                type_of(each, to_catalogue=to_catalogue, to_schemas=to_schemas),
                "required" if field in required else value(each["default"]) if "default" in each else "",
                ", ".join(bounds(each)),
                prose(each.get("description", "")),
            )
            for field, each in fields.items()
        )
        parts.append(table(("field", "type", "default", "range", "meaning"), rows))
    return "\n\n".join(filter(None, parts))


def type_of(schema: Schema, *, to_catalogue: str, to_schemas: str = "") -> str:
    """The type of a field, with links to what it refers to."""

    def inner(each: Schema) -> str:
        return type_of(each, to_catalogue=to_catalogue, to_schemas=to_schemas)

    if kinds := schema.get("discriminator", {}).get("mapping"):
        registry = places().get(frozenset(kinds))
        return f"[{registry}]({to_catalogue}{registry}.md)" if registry else " or ".join(map(code, kinds))
    if "$ref" in schema:
        name = name_of(schema)
        return f"[{name}]({to_schemas}#{name})"
    if options := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return " or ".join(dict.fromkeys(map(inner, options)))
    if "enum" in schema or "const" in schema:
        return " or ".join(map(value, schema.get("enum", [schema.get("const")])))
    if schema.get("type") == "array":
        items: Sequence[Schema] = schema.get("prefixItems") or [schema.get("items", {})]
        return f"[{', '.join(map(inner, items))}]".replace("[[", "[ [") if items else "array"
    return str(schema.get("type", "any"))


def bounds(schema: Schema) -> Iterator[str]:
    """The bounds of a number, a text or a list, in words."""
    words = {**BOUNDS, "minItems": "items at least", "maxItems": "items at most"}
    yield from (f"{words[bound]} {schema[bound]}" for bound in words if bound in schema)
    for option in schema.get("anyOf", ()):
        yield from bounds(option)


def name_of(schema: Schema) -> str:
    """The name of the schema that a reference leads to; empty where it is none."""
    return str(schema.get("$ref", "")).rpartition("/")[2]
