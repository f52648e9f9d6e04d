"""The API's description in OpenAPI 3.1, made from the table and the types that serve it. Pure."""

import inspect
from collections.abc import Iterable
from typing import Any

import msgspec

from credimus import __version__
from credimus.api.endpoint import KEY_HEADER, Endpoint
from credimus.api.message import JSON
from credimus.api.shapes import answers as shapes
from credimus.runtime.feed import CURSOR_PATTERN
from credimus.runtime.keys import KEY_BYTES_MAX

PROBLEM_TYPE = "application/problem+json"
_REFERENCE = "#/components/schemas/{name}"
_ABOUT = (
    "One node of a credimus fleet. Times are milliseconds since the Unix epoch unless they are "
    "ISO 8601, ids are hex, ratios are numbers from 0 to 1. Unknown fields and parameters are "
    "refused by name; every error is a problem document."
)
_NAMES = {
    "beliefs": ("A belief's id, or an unambiguous beginning of it.", "^[0-9a-fA-F]{4,32}$"),
    "messages": (
        "A message's id: its sender's, a dash, and its number.",
        "^[0-9a-f]{32}-[0-9]{1,15}$",
    ),
    "receipts": ("The sequence of a block of this node, from a receipt.", "^[0-9]{1,15}$"),
    "tokens": ("A token's id.", "^[0-9a-f]{12}$"),
    "members": ("A member's id, or an unambiguous beginning of it.", "^[0-9a-fA-F]{4,32}$"),
}
"""What the `{id}` of a path is, by the path's second word."""


def describe(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The whole document."""
    listed = list(endpoints)
    types = [one.answers for one in listed if one.answers is not None]
    types += [one.asked for one in listed if one.asked is not None and one.is_post]
    _, components = msgspec.json.schema_components(
        [*types, shapes.Problem], ref_template=_REFERENCE
    )
    paths: dict[str, dict[str, Any]] = {}
    for one in listed:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "credimus",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "Problem": _response("A problem document.", PROBLEM_TYPE, shapes.Problem)
            },
        },
    }


def written(document: dict[str, Any]) -> bytes:
    """A document as it is served and committed."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _operation(one: Endpoint) -> dict[str, Any]:
    name = getattr(one.work, "__name__", "").strip("_")
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": _summary(one),
        "tags": [one.path.split("/")[2] if one.path.startswith("/v1/") else "node"],
        "security": [] if one.scope is None else [{"token": []}],
        "parameters": [*_path_parameters(one), *_query_parameters(one), *_headers(one)],
        "responses": _responses(one),
    }
    if one.scope is not None:
        operation["x-credimus-scope"] = one.scope
    if one.asked is not None and one.is_post:
        needed = any(field.required for field in msgspec.structs.fields(one.asked))
        operation["requestBody"] = {"required": needed, "content": _content(JSON, one.asked)}
    elif one.raw:
        operation["requestBody"] = {"required": True, "content": {one.media_type: {}}}
    return operation


def _summary(one: Endpoint) -> str:
    """What the first line of the work's docstring says after the path."""
    text = (inspect.getdoc(one.work) or "").splitlines()[0].rstrip(".")
    words = text.partition(": ")[2]
    return words[:1].upper() + words[1:]


def _responses(one: Endpoint) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(one.status): _response("Done.", one.media_type, one.answers),
        "default": {"$ref": "#/components/responses/Problem"},
    }
    if one.tagged:
        tag = {"schema": {"type": "string"}, "description": "Changes when the answer does."}
        responses[str(one.status)]["headers"] = {"ETag": tag}
        responses["304"] = {"description": "The caller has it: If-None-Match names its tag."}
    return responses


def _response(text: str, media_type: str, shape: Any) -> dict[str, Any]:
    return {"description": text, "content": _content(media_type, shape)}


def _content(media_type: str, shape: Any) -> dict[str, Any]:
    if shape is None:
        return {media_type: {}}
    (schema,), _ = msgspec.json.schema_components([shape], ref_template=_REFERENCE)
    return {media_type: {"schema": schema}}


def _path_parameters(one: Endpoint) -> list[dict[str, Any]]:
    if "{id}" not in one.path:
        return []
    text, pattern = _NAMES[one.path.split("/")[2]]
    schema = {"type": "string", "pattern": pattern}
    return [{"name": "id", "in": "path", "required": True, "schema": schema, "description": text}]


def _query_parameters(one: Endpoint) -> list[dict[str, Any]]:
    if one.asked is None or one.is_post:
        return []
    (reference,), components = msgspec.json.schema_components([one.asked], ref_template=_REFERENCE)
    shape = components[reference["$ref"].rpartition("/")[2]]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in shape.get("required", ()),
            "schema": _of_query(schema),
        }
        for name, schema in shape["properties"].items()
    ]


def _of_query(schema: dict[str, Any]) -> dict[str, Any]:
    """A field's schema without null, which no query can say."""
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    found = (
        options[0] if len(options) == 1 else {**schema, **({"anyOf": options} if options else {})}
    )
    return {
        name: [one for one in value if one is not None] if name == "enum" else value
        for name, value in found.items()
        if name != "default" or value is not None
    }


def _headers(one: Endpoint) -> list[dict[str, Any]]:
    found: list[tuple[str, str, dict[str, Any]]] = []
    if one.keyed:
        schema = {"type": "string", "minLength": 1, "maxLength": KEY_BYTES_MAX}
        text = "The same key gives the first receipt again; nothing is written twice."
        found.append((KEY_HEADER.title(), text, schema))
    if one.tagged:
        found.append(("If-None-Match", "Tags that the caller has.", {"type": "string"}))
    if one.media_type == "text/event-stream":
        schema = {"type": "string", "pattern": CURSOR_PATTERN}
        found.append(("Last-Event-ID", "The last event that the reader has.", schema))
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": schema}
        for name, text, schema in found
    ]
