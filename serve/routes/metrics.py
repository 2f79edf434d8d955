"""The numbers of the server in Prometheus' text format."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from retrieval.errors import NotFound
from serve.caller import OPERATOR
from serve.metrics import Metrics
from serve.routes.parts import BackendPart, CallerPart
from serve.scope import whole_scope

router = APIRouter(tags=["health"])

_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request, backend: BackendPart, caller: CallerPart) -> Response:
    """The numbers of the whole server, for those who administer it; they name no document."""
    if not caller.is_administrator:
        raise NotFound("There is nothing at '/metrics'.")
    counted: Metrics = request.app.state.metrics
    with backend.database.read() as connection:
        scope = whole_scope(connection, OPERATOR)
    return Response(counted.text(backend, scope), headers={"Content-Type": _TYPE})
