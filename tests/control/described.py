"""
Whether an answer is one that `openapi.json` describes.
"""

import json
import re
from importlib.resources import files
from typing import Any, Final

try:
    import jsonschema_rs
except ImportError:
    jsonschema_rs = None  # type: ignore[assignment]

DESCRIPTION: Final[dict[str, Any]] = json.loads(
    files("gossip.control").joinpath("openapi.json").read_bytes()
)
WHY_NOT: Final = "the schemas of the API are not tested: jsonschema_rs is not installed"
_OF_THE_DOOR: Final = (401, 403, 421, 429)
"""Whatever is asked for, some may not ask."""

_JSON: Final = ("application/json", "application/problem+json")

CAN_VALIDATE: Final = jsonschema_rs is not None


def check(method: str, path: str, status: int, media_type: str, content: bytes) -> None:
    """
    Compare an answer to what is described.

    :raises AssertionError: it is not described, or it is another.
    """
    answer = _answer(method, path, status)
    if "content" not in answer:
        assert content == b"", (method, path, status, content)
        return
    media_type = media_type.partition(";")[0]
    assert media_type in answer["content"], (method, path, status, media_type)
    if method != "HEAD" and media_type in _JSON:
        validate(answer["content"][media_type]["schema"], json.loads(content))


def validate(schema: dict[str, Any], document: object) -> None:
    """
    Compare a document to a schema of the description.

    :raises AssertionError: it does not fit.
    """
    if jsonschema_rs is None:
        return
    whole = {**schema, "components": DESCRIPTION["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole)
    errors = [
        f"{error.instance_path}: {error.message}" for error in validator.iter_errors(document)
    ]
    assert errors == [], (errors, document)


def _answer(method: str, path: str, status: int) -> dict[str, Any]:
    operations = _operations(path)
    if status in _OF_THE_DOOR:
        return _resolved({"$ref": "#/components/responses/Other"})
    if operations is None or method == "OPTIONS":
        # Of these the description says in words that they are there, or that they are problems.
        assert status in (204, 404, 503), (method, path, status)
        return {} if status == 204 else _resolved({"$ref": "#/components/responses/Other"})
    operation = operations.get("get" if method == "HEAD" else method.lower())
    if operation is None:
        assert status in (405, 503), (method, path, status)
        return _resolved({"$ref": "#/components/responses/Other"})
    answers = operation["responses"]
    return _resolved(answers.get(str(status), answers["default"]))


def _operations(path: str) -> dict[str, Any] | None:
    for template, operations in DESCRIPTION["paths"].items():
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path):
            found: dict[str, Any] = operations
            return found
    return None


def _resolved(answer: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in answer:
        return answer
    found: dict[str, Any] = DESCRIPTION["components"]["responses"][
        answer["$ref"].rpartition("/")[2]
    ]
    return found
