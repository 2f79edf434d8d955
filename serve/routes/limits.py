"""What an upload may hold, for whoever wants to know before sending it."""

from __future__ import annotations

from fastapi import APIRouter

from ingest.formats import ENDINGS
from serve.routes.parts import BackendPart, CallerPart
from serve.schemas import UploadLimitsOut

router = APIRouter(prefix="/api/v1", tags=["documents"])


@router.get("/limits")
def show(backend: BackendPart, _caller: CallerPart) -> UploadLimitsOut:
    """What an upload may hold."""
    settings = backend.settings
    return UploadLimitsOut(
        file_bytes=settings.max_upload_bytes,
        files=settings.max_files_per_upload,
        endings=list(ENDINGS),
    )
