"""The pages that people open in a browser."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.exceptions import HTTPException

from serve.web import (
    ASK_AGAIN,
    DIST,
    FOR_EVER,
    MEDIA_TYPES,
    NOT_BUILT,
    POLICY,
    WORKER_POLICY,
    built_file,
    takes_gzip,
)

router = APIRouter(include_in_schema=False)


@router.get("/")
@router.get("/c/{item}")
@router.get("/d/{item}")
@router.get("/documents")
@router.get("/settings")
@router.get("/admin")
@router.get("/admin/{rest:path}")
@router.get("/login")
@router.get("/sign-in")
@router.get("/signed-out")
@router.get("/welcome")
def page() -> Response:
    """The one page; the program in it reads its address."""
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": ASK_AGAIN}
    index = DIST / "index.html"
    if not index.is_file():
        return HTMLResponse(NOT_BUILT, status_code=503, headers=headers)
    return FileResponse(index, media_type="text/html", headers=headers)


@router.get("/favicon.svg")
@router.get("/assets/{rest:path}")
def file(request: Request) -> Response:
    """A built file; those under /assets have their content or version in their names."""
    path = request.url.path
    found = built_file(path)
    if found is None:
        raise HTTPException(404)
    lasting = FOR_EVER if path.startswith("/assets/") else ASK_AGAIN
    kind = MEDIA_TYPES.get(found.suffix, "application/octet-stream")
    headers = {"Cache-Control": lasting, "Vary": "Accept-Encoding"}
    if found.suffix == ".mjs":
        headers["Content-Security-Policy"] = WORKER_POLICY
    packed = found.with_name(found.name + ".gz")
    if packed.is_file() and takes_gzip(request.headers.get("accept-encoding", "")):
        return FileResponse(packed, media_type=kind, headers=headers | {"Content-Encoding": "gzip"})
    return FileResponse(found, media_type=kind, headers=headers)
