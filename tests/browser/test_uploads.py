"""Files on their way in: picked, dropped, followed, refused, and still there after a reload."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.site import Site
from tests.browser.visit import Visit

ROOT = Path(__file__).parents[2]
TEXTS = ROOT / "serve" / "ui" / "src" / "i18n"
INGEST = ROOT / "ingest" / "errors.py"
UPLOADS = ROOT / "serve" / "files" / "uploads.py"


def test_picked_files_are_followed_until_they_are_ready(signed_in: Visit, site: Site) -> None:
    """Tests 4, 7 and 9: bad files say why, others go on, what is there already is told."""
    collection = site.town.operator.get("/api/v1/collections").json()["items"][0]
    page = signed_in.open("/documents")
    page.get_by_label("Collection").select_option(str(collection["id"]))
    _pick(
        page,
        {
            "heron.txt": b"Herons stand in shallow water.",
            "tool.exe": b"MZ\x90\0" * 50,
            "empty.txt": b"",
            "torn.pdf": b"%PDF-1.4 nothing",
        },
    )
    tray = page.get_by_role("region", name="Uploads")
    expect(_row(page, "heron.txt")).to_contain_text("Ready")
    expect(_row(page, "tool.exe")).to_contain_text("cannot be read")
    expect(_row(page, "empty.txt")).to_contain_text("The file is empty")
    expect(_row(page, "torn.pdf")).to_contain_text("damaged")
    assert signed_in.axe() == []
    _pick(page, {"heron again.txt": b"Herons stand in shallow water."})
    expect(_row(page, "heron again.txt")).to_contain_text("Already there")
    signed_in.screenshot("uploads")
    page.get_by_role("link", name="New chat").click()
    expect(_row(page, "heron.txt")).to_be_visible()
    page.reload()
    expect(_row(page, "heron.txt")).to_contain_text("Ready")
    tray.get_by_role("button", name="Clear finished").click()
    expect(tray).to_have_count(0)


def test_a_drop_anywhere_takes_files(signed_in: Visit) -> None:
    """Test 5: dragging shows the zone, dropping takes several files."""
    page = signed_in.open("/documents")
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            for (const n of ["one", "two"])
                data.items.add(new File([`The ${n} of the drop.`], `${n}.txt`));
            window.dropped = data;
            const event = new DragEvent("dragover",
                { dataTransfer: data, bubbles: true, cancelable: true });
            document.body.dispatchEvent(event);
        }"""
    )
    expect(page.get_by_text("Drop files and folders to add them")).to_be_visible()
    page.evaluate(
        """() => document.body.dispatchEvent(new DragEvent("drop",
            { dataTransfer: window.dropped, bubbles: true, cancelable: true }))"""
    )
    add = page.get_by_role("button", name="Add", exact=True)
    expect(add.or_(_row(page, "two.txt")).first).to_be_visible()
    if add.is_visible():
        add.click()
    for name in ("one.txt", "two.txt"):
        expect(_row(page, name)).to_contain_text("Ready")


def test_every_code_of_ingestion_has_words_in_both_languages() -> None:
    """Every code that ingestion and uploads can give is a key of the reasons."""
    codes = _codes(INGEST) | _codes(UPLOADS) | {"quarantined", "disk_full"}
    for language in ("en", "fr"):
        text = (TEXTS / language / "documents.ts").read_text(encoding="utf-8")
        keys = set(re.findall(r"^  (\w+):", text.split("};", 1)[0], re.M))
        assert codes - keys == set(), language


def _codes(path: Path) -> set[str]:
    """The texts in a file of errors that are codes."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assigned = {
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "code"
        and isinstance(node.value, ast.Constant)
    }
    listed = {
        each.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple)
        for each in node.slice.elts
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }
    return {str(each) for each in assigned | listed}


def _pick(page: Page, files: dict[str, bytes]) -> None:
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Add files").click()
    chosen.value.set_files(
        [{"name": name, "mimeType": "", "buffer": content} for name, content in files.items()]
    )


def _row(page: Page, name: str) -> Locator:
    return page.locator(".tray-row").filter(has=page.get_by_text(name, exact=True))
