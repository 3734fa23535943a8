"""Examples for the page of the API: values by their schemas, and the call as `curl`."""

import json
from typing import Any

_MAX_DEPTH = 6


def example_of(schema: dict[str, Any], schemas: dict[str, Any], depth: int = 0) -> Any:
    """A value that the schema allows: its own example, or one put together from its parts."""
    for key in ("example", "const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    if schema.get("examples"):
        return schema["examples"][0]
    if "$ref" in schema:
        return example_of(schemas.get(schema["$ref"].rpartition("/")[2], {}), schemas, depth)
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return example_of(schema[key][0], schemas, depth)
    return _by_type(schema, schemas, depth)


def _by_type(schema: dict[str, Any], schemas: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    if depth >= _MAX_DEPTH:
        return None
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: example_of(part, schemas, depth + 1) for name, part in properties.items()}
    if kind == "array":
        return [example_of(schema.get("items", {}), schemas, depth + 1)]
    return _scalar(schema, kind)


def _scalar(schema: dict[str, Any], kind: Any) -> Any:
    formats = {"date-time": "2026-01-02T12:00:00Z", "email": "ann@example.com"}
    if kind == "string":
        return formats.get(schema.get("format", ""), "…")
    numbers = {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1.0)}
    return numbers.get(kind, kind == "boolean" or None)


def content_of(told: dict[str, Any], schemas: dict[str, Any]) -> str:
    """The example of a body or reply, as indented JSON; "" if it has none."""
    for kind, content in told.get("content", {}).items():
        if not kind.startswith("application/"):
            continue
        value = content.get("example")
        if value is None and content.get("examples"):
            value = next(iter(content["examples"].values())).get("value")
        if value is None:
            value = example_of(content.get("schema", {}), schemas)
        return json.dumps(value, indent=2, ensure_ascii=False)
    return ""


def curl_of(path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    """A call that a person can paste into a shell."""
    needed = [
        f"{parameter['name']}=…"
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query" and parameter.get("required")
    ]
    query = f"?{'&'.join(needed)}" if needed else ""
    verb = "" if method == "get" else f" -X {method.upper()}"
    lines = [f'curl{verb} "$FLOWSTUDIO_SERVER{_with_variables(path)}{query}"']
    if operation["x-level"] != "anyone":
        lines.append('-H "Authorization: Bearer $FLOWSTUDIO_KEY"')
    if "text/event-stream" in operation["responses"].get("200", {}).get("content", {}):
        lines[0] = lines[0].replace("curl", "curl -N", 1)
    body = content_of(operation.get("requestBody", {}), schemas)
    if body:
        lines += ['-H "Content-Type: application/json"', "-d " + _quoted(body)]
    return " \\\n  ".join(lines)


def _with_variables(path: str) -> str:
    parts = [f"${part[1:-1].upper()}" if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
