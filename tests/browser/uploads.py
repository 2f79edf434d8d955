"""Giving files to a page, and what its tray tells of them."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import FilePayload, Locator, Page, expect

_DRAG_OVER = """(files) => {
    const data = new DataTransfer();
    for (const [name, text] of Object.entries(files)) data.items.add(new File([text], name));
    window.dropped = data;
    const over = () => document.body.dispatchEvent(new DragEvent("dragover",
        { dataTransfer: data, bubbles: true, cancelable: true }));
    window.dragging = setInterval(over, 50);
}"""
_DROP = """() => {
    clearInterval(window.dragging);
    document.body.dispatchEvent(new DragEvent("drop",
        { dataTransfer: window.dropped, bubbles: true, cancelable: true }));
}"""


def pick(page: Page, files: dict[str, bytes]) -> None:
    """Choose files by the picker."""
    with page.expect_file_chooser() as chosen:
        page.locator(".page-actions .button-primary").click()
    chosen.value.set_files([_payload(name, content) for name, content in files.items()])


def drag_over(page: Page, files: dict[str, str]) -> None:
    """Hold files, texts by name, over the page, which is told so time and again."""
    page.evaluate(_DRAG_OVER, files)


def drop_files(page: Page, files: dict[str, str]) -> None:
    """Drag files, texts by name, over the page until it takes them, and let go."""
    drag_over(page, files)
    expect(page.locator(".drop-zone")).to_be_visible()
    drop(page)


def drop(page: Page) -> None:
    """Let go of the files that are held over the page."""
    page.evaluate(_DROP)


def drop_folder(page: Page, folder: Path) -> None:
    """Drop a folder of the disk on the page, as a file manager would."""
    chromium = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        event = {"type": kind, "x": 700, "y": 500, "data": data}
        chromium.send("Input.dispatchDragEvent", event)


def folder_of(path: Path, count: int) -> Path:
    """A folder of so many files in folders of a hundred; the last file is empty."""
    for number in range(count):
        file = path / f"part{number // 100}" / f"note{number:04}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"Note {number} of the box." if number < count - 1 else "")
    return path


def row(page: Page, name: str) -> Locator:
    """The line of the tray about a file."""
    return page.locator(".tray-row").filter(has=page.get_by_text(name, exact=True))


def _payload(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "", "buffer": content}
