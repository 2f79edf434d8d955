"""Files on their way in: picked, dropped, followed, refused, and still there after a reload."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route, expect

from tests.browser.conftest import VisitFactory
from tests.browser.site import ADMINISTRATOR, READER, Site, open_site
from tests.browser.uploads import drag_over, drop, drop_files, drop_folder, folder_of, pick, row
from tests.browser.visit import Visit, holding_posts, taken
from tests.conftest import RunningServer, ServerFactory
from tests.fixtures.documents import write_encrypted_pdf
from tests.fixtures.turns import nothing_written

ROOT = Path(__file__).parents[2]
TEXTS = ROOT / "serve" / "ui" / "src" / "i18n"
ERRORS = (
    "ingest/errors.py",
    "retrieval/errors.py",
    "serve/errors.py",
    "serve/files/uploads.py",
    "serve/people/errors.py",
)
OF_THE_BROWSER = {"unreachable", "unreadable", "lost"}
OF_EVERY_REQUEST = {"internal_error", "upload_stalled"}
ELSEWHERE = {
    "error",
    "serve_error",
    "refused",
    "collection_exists",
    "data_folder_in_use",
    "data_format_too_new",
    "database_in_use",
    "model_not_found",
    "server_unreachable",
    "llm_unavailable",
    "nothing_to_continue",
    "llm_interrupted",
    "llm_timeout",
    "llm_refused",
    "prompt_too_long",
    "llm_busy",
    "too_many_questions",
    "too_many_attempts",
    "guard_unavailable",
    "withheld",
    "question_withheld",
    "answer_withheld",
    "bind_refused",
    "invalid_setting",
    "sign_in_failed",
    "weak_password",
    "link_invalid",
    "name_taken",
    "filled_by_provider",
    "last_administrator",
}
"""What starting, asking, signing in and administration can give, and uploading cannot."""

UPLOAD = re.compile(r"/api/v1/documents$")
LARGEST = 4 << 20
FOLDER_FILES = 1_000


@pytest.fixture(scope="module")
def site(browser: Browser, module_server: ServerFactory) -> Iterator[Site]:
    """A site that takes files up to a size."""

    def server(**settings: str) -> RunningServer:
        return module_server(MAX_UPLOAD_BYTES=str(LARGEST), **settings)

    with open_site(server) as opened:
        yield opened


def test_bad_files_say_why_and_others_go_on(signed_in: Visit, site: Site, tmp_path: Path) -> None:
    """Tests 4 and 7: encrypted, empty, too big, torn, a program; each with its reason."""
    page = _ready(signed_in)
    locked = write_encrypted_pdf(tmp_path / "locked.pdf", "secret").read_bytes()
    files = {
        "locked.pdf": locked,
        "tool.exe": b"MZ\x90\0" * 50,
        "empty.txt": b"",
        "torn.pdf": b"%PDF-1.4 nothing",
        "big.txt": b"x" * (LARGEST + 1),
        "heron.txt": b"Herons stand in shallow water.",
    }
    pick(page, files)
    expect(row(page, "locked.pdf")).to_contain_text("protected by a password")
    expect(row(page, "tool.exe")).to_contain_text("cannot be read")
    expect(row(page, "empty.txt")).to_contain_text("The file is empty")
    expect(row(page, "torn.pdf")).to_contain_text("damaged")
    expect(row(page, "big.txt")).to_contain_text("larger than this server takes")
    page.locator(".tray-list").evaluate("(list) => list.scrollTo(0, list.scrollHeight)")
    expect(row(page, "heron.txt")).to_contain_text("Ready")
    expect(page.get_by_role("region", name="Uploads")).to_contain_text("5 not taken in")
    assert signed_in.axe() == []
    names = {each["name"] for each in _documents(site)}
    assert "heron.txt" in names
    assert names & {"tool.exe", "empty.txt", "big.txt"} == set()
    page.get_by_role("button", name="Clear finished").click()
    expect(page.locator(".tray")).to_have_count(0)


def test_reasons_are_told_in_french(visiting: VisitFactory) -> None:
    """Test 26, in the tray."""
    visit = visiting(ADMINISTRATOR, locale="fr-FR")
    page = _ready(visit)
    pick(page, {"vide.txt": b"", "outil.exe": b"MZ\x90\0" * 40, "grue.txt": b"Une grue."})
    expect(row(page, "vide.txt")).to_contain_text("Le fichier est vide")
    expect(row(page, "outil.exe")).to_contain_text("n’est pas lisible")
    expect(row(page, "grue.txt")).to_contain_text("Prêt")
    expect(page.get_by_role("region", name="Envois")).to_contain_text("2 non ajoutés")
    assert visit.axe() == []


def test_what_is_there_already_is_recognised(signed_in: Visit) -> None:
    """Test 9: the same content is taken once, other content of that name is a new version."""
    page = _ready(signed_in)
    pick(page, {"crane.txt": b"Cranes dance."})
    expect(row(page, "crane.txt")).to_contain_text("Ready")
    pick(page, {"crane again.txt": b"Cranes dance."})
    expect(row(page, "crane again.txt")).to_contain_text("Already there")
    page.get_by_role("button", name="Clear finished").click()
    pick(page, {"crane.txt": b"Cranes dance and call."})
    expect(row(page, "crane.txt")).to_contain_text("replaces the earlier version")
    pick(page, {"ripped.pdf": b"%PDF-1.4 ripped"})
    expect(row(page, "ripped.pdf")).to_contain_text("damaged")
    page.get_by_role("button", name="Clear finished").click()
    pick(page, {"ripped.pdf": b"%PDF-1.4 ripped"})
    expect(row(page, "ripped.pdf")).to_contain_text("damaged")


def test_of_two_files_of_one_content_both_come_to_an_end(signed_in: Visit) -> None:
    page = _ready(signed_in)
    pick(page, {name: _long("twins") for name in ("first twin.txt", "second twin.txt")})
    for name in ("first twin.txt", "second twin.txt"):
        expect(row(page, name)).to_contain_text(re.compile("Ready|Already there"))
    expect(page.locator(".tray-title")).to_contain_text("2 files done")


def test_the_focus_stays_in_the_tray_and_then_on_the_page(signed_in: Visit) -> None:
    page = _ready(signed_in)
    pick(page, {"nothing.txt": b"", "ibis.txt": b"An ibis wades."})
    expect(row(page, "ibis.txt")).to_contain_text("Ready")
    told = page.get_by_role("status").filter(has_text="1 file ready, 1 not taken in")
    expect(told).to_have_count(1)
    page.get_by_role("button", name="Remove nothing.txt").focus()
    page.keyboard.press("Enter")
    expect(row(page, "nothing.txt")).to_have_count(0)
    expect(page.locator(".tray-list")).to_be_focused()
    page.get_by_role("button", name="Clear finished").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tray")).to_have_count(0)
    expect(page.get_by_role("main")).to_be_focused()


def test_a_drop_anywhere_takes_files(signed_in: Visit) -> None:
    """Test 5: dragging shows the zone, dropping takes several files, also beside a chat."""
    page = signed_in.open("/")
    drag_over(page, {"one.txt": "The one of the drop.", "two.txt": "The two of the drop."})
    expect(page.get_by_text("Drop files and folders to add them")).to_be_visible()
    assert signed_in.axe() == []
    drop(page)
    for name in ("one.txt", "two.txt"):
        expect(row(page, name)).to_contain_text("Ready")


def test_a_drop_of_somebody_who_only_reads_is_refused(visiting: VisitFactory, site: Site) -> None:
    page = visiting(READER).open("/documents")
    expect(page.locator("tbody tr").first).to_be_visible()
    drag_over(page, {"mine.txt": "Not to be taken."})
    drop(page)
    expect(page.get_by_text("You may not add documents to any collection")).to_be_visible()
    assert "mine.txt" not in {each["name"] for each in _documents(site)}


def test_of_several_collections_one_is_chosen(visiting: VisitFactory, site: Site) -> None:
    nora = site.town.person("Nora")
    for name in ("First", "Second"):
        site.town.granted(site.town.server.collection(name)["id"], nora, "writer")
    visit = visiting("Nora")
    page = visit.open("/documents")
    pick(page, {"choice.txt": b"Somebody chose."})
    dialog = page.get_by_role("dialog", name="Which collection?")
    assert visit.axe() == []
    dialog.get_by_role("combobox").select_option(label="Second")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(row(page, "choice.txt")).to_contain_text("Ready")
    (found,) = [each for each in _documents(site, "Second") if each["name"] == "choice.txt"]
    assert found["state"] == "ready"


def test_a_second_drop_is_taken_with_the_first(visiting: VisitFactory, site: Site) -> None:
    nadia = site.town.person("Nadia")
    for name in ("Left", "Right"):
        site.town.granted(site.town.server.collection(name)["id"], nadia, "writer")
    page = visiting("Nadia").open("/")
    dialog = page.get_by_role("dialog", name="Which collection?")
    for name in ("before.txt", "after.txt"):
        drop_files(page, {name: f"What came {name}."})
        expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("2 files")
    dialog.get_by_role("button", name="Add", exact=True).click()
    for name in ("before.txt", "after.txt"):
        expect(row(page, name)).to_contain_text("Ready")


def test_sending_goes_on_elsewhere_and_what_a_reload_cuts_is_named(signed_in: Visit) -> None:
    """Test 6: the tray survives pages and reloads; leaving warns while files are being sent."""
    page = _ready(signed_in)
    held: list[Route] = []
    signed_in.context.route(UPLOAD, holding_posts(held))
    pick(page, {"slow.txt": b"Slow on the way."})
    expect(row(page, "slow.txt")).to_contain_text("Sending")
    page.get_by_role("link", name="New chat").click()
    expect(page.get_by_role("textbox", name="Question")).to_be_visible()
    taken(page, held).continue_()
    expect(row(page, "slow.txt")).to_contain_text("Ready")
    page.get_by_role("link", name="Documents").click()
    page.get_by_label("Collection").select_option(label="default")
    pick(page, {"cut.txt": b"Cut off by a reload."})
    expect(row(page, "cut.txt")).to_contain_text("Sending")
    asked: list[str] = []
    page.once("dialog", _agreeing(asked))
    page.reload()
    assert asked == ["beforeunload"]
    expect(row(page, "slow.txt")).to_contain_text("Ready")
    expect(row(page, "cut.txt")).to_contain_text("Not sent: the page was loaded anew")
    expect(page.get_by_role("button", name="Try cut.txt again")).to_have_count(0)


def test_a_job_is_followed_again_after_a_reload(signed_in: Visit, site: Site) -> None:
    """Test 6: what the server has, it goes on with."""
    page = _ready(signed_in)
    with page.expect_response(lambda told: told.status == 202):
        pick(page, {"long.txt": _long("reload")})
    with nothing_written(site.town.server):
        expect(row(page, "long.txt").locator(".tray-status")).to_have_text(_UNDER_WAY)
        page.reload()
    expect(row(page, "long.txt")).to_contain_text("Ready")


def test_a_job_is_cancelled_and_tried_again(signed_in: Visit) -> None:
    """Test 8: the server stops reading, keeps the file, and begins anew."""
    page = _ready(signed_in)
    pick(page, {"running.txt": _long("cancel", lines=60_000)})
    expect(row(page, "running.txt").locator(".tray-status")).to_have_text(_UNDER_WAY)
    page.get_by_role("button", name="Cancel running.txt").click()
    expect(row(page, "running.txt")).to_contain_text("Cancelled")
    page.get_by_role("button", name="Try running.txt again").click()
    expect(row(page, "running.txt")).to_contain_text("Ready", timeout=90_000)


def test_sending_is_cancelled_and_tried_again(signed_in: Visit) -> None:
    """Test 8, before the server has the file."""
    page = _ready(signed_in)
    signed_in.context.route(UPLOAD, holding_posts([]), times=1)
    pick(page, {"stopped.txt": b"Stopped on the way."})
    expect(row(page, "stopped.txt")).to_contain_text("Sending")
    page.get_by_role("button", name="Cancel stopped.txt").click()
    expect(row(page, "stopped.txt")).to_contain_text("Cancelled")
    page.get_by_role("button", name="Try stopped.txt again").click()
    expect(row(page, "stopped.txt")).to_contain_text("Ready")


def test_a_lost_connection_is_waited_for(signed_in: Visit) -> None:
    page = _ready(signed_in)
    page.wait_for_load_state("networkidle")
    signed_in.context.set_offline(True)
    pick(page, {"offline.txt": b"Sent when the line is back."})
    expect(row(page, "offline.txt")).to_contain_text("Waits and tries again")
    signed_in.context.set_offline(False)
    expect(row(page, "offline.txt")).to_contain_text("Ready")


@pytest.mark.parametrize("width", [320, 390])
def test_the_tray_fits_a_phone(visiting: VisitFactory, width: int) -> None:
    """Test 27: in view, not wider than the window, and out of the way when made small."""
    visit = visiting(ADMINISTRATOR, viewport={"width": width, "height": 700}, has_touch=True)
    page = _ready(visit)
    pick(page, {"void.txt": b"", "egret.txt": f"An egret of {width} pixels.".encode()})
    expect(row(page, "egret.txt")).to_contain_text("Ready")
    expect(page.locator(".tray")).to_be_in_viewport(ratio=1)
    assert visit.sideways() == 0
    assert visit.axe() == []
    page.get_by_role("button", name="Make the list small").tap()
    expect(page.locator(".tray-list")).to_have_count(0)
    expect(page.locator(".tray")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [390, 1280, 1440])
def test_the_tray_covers_nothing(visiting: VisitFactory, width: int) -> None:
    visit = visiting(ADMINISTRATOR, viewport={"width": width, "height": 844})
    page = visit.open("/")
    page.get_by_role("textbox", name="Question").fill("What is in the way?")
    files = {f"gull {n} of {width}.txt": f"Gull {n} of {width}." for n in range(8)}
    drop_files(page, files)
    expect(page.locator(".tray-title")).to_contain_text("8 files done")
    for part in (page.get_by_role("textbox", name="Question"), page.locator(".composer-button")):
        assert part.evaluate(_UNCOVERED)
    assert visit.sideways() == 0
    page.get_by_role("button", name="Make the list small").click()
    assert page.locator(".composer-button").evaluate(_UNCOVERED)


@pytest.mark.slow
def test_a_folder_of_a_thousand_files_is_accounted_for(
    signed_in: Visit, site: Site, tmp_path: Path
) -> None:
    """A folder dropped with its folders: each file is ready, or has its reason."""
    made = site.town.server.collection("Thousand")["id"]
    site.town.granted(made, site.town.signed_in(ADMINISTRATOR), "manager")
    page = signed_in.open("/documents")
    page.get_by_label("Collection").select_option(label="Thousand")
    drop_folder(page, folder_of(tmp_path / "box", FOLDER_FILES))
    title = page.locator(".tray-title")
    expect(title).to_contain_text(f"{FOLDER_FILES - 1} files done", timeout=250_000)
    expect(title).to_contain_text("1 not taken in")
    found = _documents(site, "Thousand")
    assert len(found) == FOLDER_FILES - 1
    assert {each["state"] for each in found} == {"ready"}
    assert found[0]["name"].startswith("box/part0/")


def test_every_code_that_an_upload_can_meet_has_words_in_both_languages() -> None:
    """A new code of these trees fails here until it has words, or is said to be met elsewhere."""
    codes = {code for path in ERRORS for code in _codes(ROOT / path)} | {"quarantined"}
    assert codes >= ELSEWHERE
    for language in ("en", "fr"):
        text = (TEXTS / language / "documents.ts").read_text(encoding="utf-8")
        keys = set(re.findall(r"^  (\w+):", text.split("};", 1)[0], re.M))
        assert codes - keys == ELSEWHERE, language
        assert keys - codes == OF_THE_BROWSER | OF_EVERY_REQUEST, language


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


_UNCOVERED = """(part) => {
    const { left, right, top, bottom } = part.getBoundingClientRect();
    const [inset, middle] = [8, (top + bottom) / 2];
    return [left + inset, (left + right) / 2, right - inset]
        .every((x) => part.contains(document.elementFromPoint(x, middle)));
}"""
"""Whether a part can be clicked on its left, in its middle and on its right."""
_UNDER_WAY = re.compile("Waiting for its turn|Reading|Indexing|Nearly")


def _ready(visit: Visit) -> Page:
    """The page of documents, where the first collection takes files."""
    page = visit.open("/documents")
    page.locator("search select").first.select_option(label="default")
    expect(page.locator("tbody tr").first).to_be_visible()
    return page


def _documents(site: Site, collection: str = "default") -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    cursor: str | None = ""
    while cursor is not None:
        asked = {"collection": collection, "limit": "500", "cursor": cursor}
        told = site.town.operator.get("/api/v1/documents", params=asked).json()
        found += told["items"]
        cursor = told["next_cursor"]
    return found


def _long(word: str, *, lines: int = 9_000) -> bytes:
    """A text that is read for some seconds, or as much longer as it has more lines."""
    text = (f"Line {number} of a long text on {word}.\n" for number in range(lines))
    return "".join(text).encode()


def _agreeing(asked: list[str]) -> Callable[[Dialog], None]:
    def agree(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    return agree
