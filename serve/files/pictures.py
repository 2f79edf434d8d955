"""Pages of documents that are images, as PNG."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import Response

from ingest.files import Originals
from ingest.pictures import Pictures
from retrieval.errors import NotFound
from retrieval.types import Document
from serve.files.downloads import is_known


def picture_response(
    pictures: Pictures, originals: Originals, document: Document, number: int, request: Headers
) -> Response:
    """Page ``number`` of an image, made anew only where the browser does not have it.

    Raises:
        NotFound: The document is no image, has no such page, or its original is gone.
        IngestError: The image cannot be shown.
    """
    if not document.media_type.startswith("image/") or number > document.page_count:
        raise NotFound(f"Document {document.id} has no picture of a page {number}.")
    headers = {
        "ETag": f'"{document.content_sha256}-{number}"',
        "Cache-Control": "private, no-cache",
        "Content-Disposition": "inline",
    }
    if is_known(headers["ETag"], request):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    with originals.local_path(document.content_sha256) as path:
        return Response(pictures.png(path, number), headers=headers, media_type="image/png")
