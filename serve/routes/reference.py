"""The API for people to read."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from serve.reference import POLICY, reference_page

router = APIRouter(include_in_schema=False)


@router.get("/reference")
def reference(request: Request) -> HTMLResponse:
    """The OpenAPI document as a page."""
    page = reference_page(request.app.openapi())
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})
