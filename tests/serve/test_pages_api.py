"""Pages of documents: lists, sections, quotes with their rectangles, pictures."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.conftest import RunningServer
from tests.fixtures.documents import GARDEN, SCANNED, write_image, write_pdf
from tests.fixtures.people import Town
from tests.fixtures.tesseract import need_tesseract

HANDBOOK = (
    f"# Leave\n\n{'Thirty days of leave a year are for everybody. ' * 20}\n\n"
    f"## Illness\n\n{'Call us before ten if you are ill. ' * 20}\n"
)


def got(server: RunningServer, path: str, **params: Any) -> Any:
    response = server.http.get(f"/api/v1/documents/{path}", params=params)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.fixture(scope="module")
def pdf(shared_server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> int:
    path = write_pdf(tmp_path_factory.mktemp("pdf") / "rule.pdf")
    return shared_server.ingest({"rule.pdf": path.read_bytes()})[0]


def test_pages_are_listed_without_their_text(shared_server: RunningServer, pdf: int) -> None:
    pages = got(shared_server, f"{pdf}/pages")
    assert [(each["number"], each["label"]) for each in pages["items"]] == [
        (1, "i"), (2, "1"), (3, "2"),
    ]  # fmt: skip
    assert pages["next_cursor"] is None
    assert all("text" not in each for each in pages["items"])
    for each in pages["items"]:
        page = got(shared_server, f"{pdf}/pages/{each['number']}")
        assert each["characters"] == len(page["text"])
        assert (each["width"], each["height"]) == (page["width"], page["height"])


def test_a_long_list_goes_on_from_its_cursor(shared_server: RunningServer, pdf: int) -> None:
    first = got(shared_server, f"{pdf}/pages", limit=2)
    rest = got(shared_server, f"{pdf}/pages", limit=2, cursor=first["next_cursor"])
    assert [each["number"] for each in first["items"] + rest["items"]] == [1, 2, 3]
    assert rest["next_cursor"] is None


def test_a_page_says_where_its_sections_begin(shared_server: RunningServer) -> None:
    (document,) = shared_server.ingest({"handbook.md": HANDBOOK.encode()})
    page = got(shared_server, f"{document}/pages/1")
    illness = page["text"].index("Illness")
    assert page["sections"] == [
        {"start": 0, "section": ["Leave"]},
        {"start": illness, "section": ["Leave", "Illness"]},
    ]


def test_a_quote_is_placed_as_a_citation_is(shared_server: RunningServer, pdf: int) -> None:
    text = got(shared_server, f"{pdf}/pages/1")["text"]
    start = text.index(GARDEN[0][:20])
    quote = got(shared_server, f"{pdf}/pages/1/quote", start=start, end=start + 20)
    assert quote["quote"] == GARDEN[0][:20]
    ((x0, y0, x1, y1),) = quote["rects"]
    assert 70 < x0 < 74
    assert x0 < x1 < 300
    assert 842 - 140 < y0 < y1 < 842 - 115
    assert quote["page_size"] == pytest.approx([595.28, 841.89], abs=0.1)


@pytest.mark.parametrize(("start", "end"), [(3, 3), (5, 2), (0, 10**6), (-1, 4), ("x", 4)])
def test_a_quote_that_cannot_be(
    shared_server: RunningServer, pdf: int, start: object, end: object
) -> None:
    params: dict[str, Any] = {"start": start, "end": end}
    response = shared_server.http.get(f"/api/v1/documents/{pdf}/pages/1/quote", params=params)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


@pytest.fixture(scope="module")
def tiff(shared_server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> int:
    need_tesseract()
    path = write_image(tmp_path_factory.mktemp("tiff") / "receipt.tiff")
    return shared_server.ingest({"receipt.tiff": path.read_bytes()})[0]


def test_each_frame_of_a_tiff_is_shown_as_png(shared_server: RunningServer, tiff: int) -> None:
    sizes = []
    for number in (1, 2):
        response = shared_server.http.get(f"/api/v1/documents/{tiff}/pages/{number}/image")
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "image/png"
        assert response.headers["x-content-type-options"] == "nosniff"
        with Image.open(io.BytesIO(response.content), formats=["PNG"]) as image:
            sizes.append(image.size)
        etag = response.headers["etag"]
        again = shared_server.http.get(response.url, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
    pages = got(shared_server, f"{tiff}/pages")["items"]
    assert sizes == [(each["width"], each["height"]) for each in pages] != []
    assert sizes[0] == (1000, 120 + 90 * len(SCANNED))


def test_what_has_no_picture(shared_server: RunningServer, tiff: int, pdf: int) -> None:
    before = openings(shared_server)
    for path in (f"{tiff}/pages/3/image", f"{pdf}/pages/1/image", "999999/pages/1/image"):
        response = shared_server.http.get(f"/api/v1/documents/{path}")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert openings(shared_server) == before
    assert shared_server.http.get(f"/api/v1/documents/{tiff}/pages/1/image").status_code == 200
    assert openings(shared_server) != before


def openings(server: RunningServer) -> list[int]:
    """The record of the last picture that was shown."""
    params = {"act": "document.opened", "limit": "1"}
    items = server.http.get("/api/v1/audit", params=params).json()["items"]
    return [each["seq"] for each in items]


def test_a_stranger_sees_no_page(shared_server: RunningServer, tiff: int) -> None:
    town = Town(shared_server)
    try:
        stranger = town.person("Stranger to pages")
        for path in ("pages", "pages/1", "pages/1/image", "pages/1/quote?start=0&end=2", "content"):
            foreign = stranger.get(f"/api/v1/documents/{tiff}/{path}")
            assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found"), path
    finally:
        town.close()


def test_a_damaged_picture_says_so(shared_server: RunningServer, tiff: int, tmp_path: Path) -> None:
    shared_server.collection("damaged")
    path = write_image(tmp_path / "other.png")
    (document,) = shared_server.ingest({"other.png": path.read_bytes()}, "damaged")
    digest = got(shared_server, str(document))["content_sha256"]
    (original,) = shared_server.data.rglob(digest)
    original.write_bytes(original.read_bytes()[:60])
    response = shared_server.http.get(f"/api/v1/documents/{document}/pages/1/image")
    assert (response.status_code, response.json()["code"]) == (422, "damaged_file")
