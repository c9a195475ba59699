"""
What all parts of the API have in common: what goes wrong at a route is answered as a problem.
"""

from klein import Klein
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest
from twisted.web.server import Request

from gossip.control import answers


def routes() -> Klein:
    """An app for the routes of one class. A path is taken as it is: two slashes are not one."""
    app = Klein()
    app.url_map.merge_slashes = False
    app.handle_errors(Exception)(_failed)
    return app


def _failed(self: object, request: IRequest, failure: Failure) -> bytes:
    assert isinstance(request, Request)
    return answers.problem(request, failure)
