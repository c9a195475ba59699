"""
The route by which a person shows the token, in a form.
"""

from typing import Final
from urllib.parse import parse_qs

from twisted.web.server import Request

from gossip.control import answers, parameters
from gossip.control.gate import FRONT_PAGE, Gate, unauthorized
from gossip.control.parameters import NoQuery
from gossip.control.parts import routes
from gossip.control.problems import Problem

FORM: Final = "application/x-www-form-urlencoded"

FIELD: Final = "token"

_FIELDS: Final = 4
"""Of the form: it has one."""


class Login:
    """A form's token becomes a cookie, which holds something else."""

    app = routes()

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    @app.route("/login", methods=["POST"])
    def login(self, request: Request) -> bytes:
        """Begin a session, and go to the page."""
        parameters.query(request.uri, NoQuery)
        if not self._gate.takes(_token(request), request):
            raise unauthorized("This is not the token of this node.")
        self._gate.begin(request)
        answers.head(request, None, 303)
        request.setHeader("Location", FRONT_PAGE)
        request.setHeader("Content-Length", "0")
        return b""


def _token(request: Request) -> str:
    essence = (request.getHeader("content-type") or "").partition(";")[0].strip().lower()
    if essence != FORM:
        raise Problem("unsupported-media-type", f"Send the form with Content-Type: {FORM}.")
    assert request.content is not None
    try:
        fields: dict[str, list[str]] = parse_qs(
            request.content.read().decode("ascii"), errors="strict", max_num_fields=_FIELDS
        )
    except ValueError:
        raise Problem("bad-request", "The form is not in UTF-8, percent-encoded.") from None
    if len(fields.get(FIELD, ())) != 1:
        raise Problem("bad-request", f"The form has one field: {FIELD}.")
    [token] = fields[FIELD]
    return token.strip()
