"""The table of documents: found, sorted, opened, deleted, given to few, on every screen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import VisitFactory
from tests.browser.site import ADMINISTRATOR, READER, Site
from tests.browser.states_documents import BROKEN, FLAGGED, SECOND, filled
from tests.browser.visit import Visit, taken


@pytest.fixture(autouse=True, scope="module")
def full(site: Site) -> None:
    filled(site)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_table_tells_what_is_known(visiting: VisitFactory, site: Site, scheme: str) -> None:
    """Tests 2 and 25: each document with its state; what is wrong, restricted, suspicious."""
    visit = visiting(ADMINISTRATOR, color_scheme=scheme)
    page = _listed(visit)
    expect(_row(page, "rule.pdf")).to_contain_text("Ready")
    expect(_row(page, "rule.pdf").locator("td").nth(4)).to_have_text("3")
    expect(_row(page, "visit.docx")).to_contain_text("Restricted")
    expect(_row(page, BROKEN)).to_contain_text("The file is damaged")
    expect(_row(page, FLAGGED)).to_contain_text("2 passages speak to a model")
    expect(_row(page, FLAGGED)).to_contain_text(SECOND)
    assert visit.axe() == []
    page.get_by_role("link", name="rule.pdf").click()
    expect(page).to_have_url(f"{visit.url}/d/{site.documents['rule.pdf']}")


def test_filters_narrow_and_are_cleared(signed_in: Visit) -> None:
    page = _listed(signed_in)
    page.get_by_label("Find by name").fill("LIGHT")
    expect(_names(page)).to_have_text(["lighthouse.txt"])
    page.get_by_label("Find by name").fill("")
    page.get_by_label("State").select_option("failed")
    expect(_names(page)).to_have_text([BROKEN])
    page.get_by_label("State").select_option("")
    page.get_by_label("Collection").select_option(label=SECOND)
    expect(_names(page)).to_have_text([FLAGGED])
    page.get_by_label("Find by name").fill("of no document")
    expect(page.get_by_role("heading", name="No document fits")).to_be_visible()
    assert signed_in.axe() == []
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.get_by_label("Find by name")).to_have_value("")
    expect(_row(page, "rule.pdf")).to_be_visible()


def test_columns_sort_both_ways(signed_in: Visit, site: Site) -> None:
    made = _collection(site, "Order")
    files = {"b.txt": b"Beech. " * 90, "a.txt": b"Ash. " * 4, "c.txt": b"Cedar. " * 30}
    site.town.server.ingest(files, "Order")
    page = _listed(signed_in)
    page.get_by_label("Collection").select_option(made)
    expect(_names(page)).to_have_text(["c.txt", "a.txt", "b.txt"])
    for key, first in (("Name", ["a", "b", "c"]), ("Size", ["b", "c", "a"])):
        button = page.get_by_role("button", name=f"Sort by {key}")
        head = page.locator("th").filter(has=button)
        button.click()
        expect(_names(page)).to_have_text([f"{name}.txt" for name in first])
        expect(head).to_have_attribute("aria-sort", "ascending" if key == "Name" else "descending")
        button.click()
        expect(_names(page)).to_have_text([f"{name}.txt" for name in reversed(first)])


def test_deleting_names_what_goes(signed_in: Visit, site: Site) -> None:
    made = _collection(site, "To go")
    texts = {f"{tree}.txt": f"The {tree}.".encode() for tree in ("oak", "elm", "yew")}
    ids = site.town.server.ingest(texts, "To go")
    page = _listed(signed_in)
    page.get_by_label("Collection").select_option(made)
    expect(_names(page)).to_have_count(3)
    page.get_by_label("Select oak.txt").check()
    page.get_by_label("Select elm.txt").check()
    delete = page.get_by_role("group", name="2 documents selected").get_by_text("Delete")
    assert signed_in.axe() == []
    delete.click()
    dialog = page.get_by_role("dialog", name="Delete 2 documents?")
    expect(dialog.get_by_role("listitem")).to_have_text(["elm.txt", "oak.txt"])
    assert signed_in.axe() == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(_names(page)).to_have_count(3)
    delete.click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("2 documents deleted")).to_be_visible()
    expect(_names(page)).to_have_text(["yew.txt"])
    expect(page.get_by_role("main")).to_be_focused()
    page.get_by_label("Select yew.txt").check()
    page.get_by_role("button", name="Clear the selection").focus()
    page.keyboard.press("Enter")
    expect(delete).to_have_count(0)
    expect(page.get_by_role("main")).to_be_focused()
    codes = [site.town.operator.get(f"/api/v1/documents/{each}").status_code for each in ids]
    assert codes == [404, 404, 200]


def test_what_can_be_done_with_the_selection_stays_in_sight_on_a_phone(
    visiting: VisitFactory,
) -> None:
    visit = visiting(ADMINISTRATOR, viewport={"width": 390, "height": 600})
    page = _listed(visit)
    page.get_by_label("Select rule.pdf").check()
    bar = page.get_by_role("group", name="1 document selected")
    page.locator("main").evaluate("(each) => each.scrollTo(0, each.scrollHeight)")
    assert page.locator("main").evaluate("(each) => each.scrollTop") > 200
    delete = bar.get_by_role("button", name="Delete")
    expect(delete).to_be_in_viewport(ratio=1)
    delete.click(trial=True)
    last = page.locator("tbody tr").last.get_by_role("button")
    last.first.focus()
    assert visit.axe() == []
    assert visit.sideways() == 0


def test_readers_are_chosen_by_a_manager(signed_in: Visit, site: Site) -> None:
    made = _collection(site, "Few")
    group = _reading_group(site, made)
    (document,) = site.town.server.ingest({"pay.txt": b"The pay is secret."}, "Few")
    readers = f"/api/v1/documents/{document}/readers"
    page = _listed(signed_in)
    page.get_by_label("Collection").select_option(made)
    _chosen(page, "pay.txt", "Who may read it")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Only these people and groups").check()
    expect(dialog).to_contain_text("Nobody but the managers.")
    field = dialog.get_by_role("combobox", name="Add a person or a group")
    options = dialog.get_by_role("option")
    field.fill("Zoe")
    expect(dialog).to_contain_text("Nobody else of this name sees the collection.")
    expect(options).to_have_count(0)
    field.fill("")
    expect(options).to_have_text(["The payrollGroup", "AdaPerson", "RémiPerson"])
    assert signed_in.axe() == []
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    held: list[Route] = []
    signed_in.context.route("**/audience?q=remi*", lambda route: held.append(route))
    field.fill("remi")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Nobody but the managers.")
    taken(page, held).continue_()
    expect(options).to_have_text(["RémiPerson"])
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Remove Rémi")).to_be_visible()
    options.filter(has_text="The payroll").click()
    expect(options).to_have_text(["AdaPerson"])
    dialog.get_by_role("button", name="Save").click()
    expect(_row(page, "pay.txt")).to_contain_text("Restricted")
    named = [each["name"] for each in site.town.operator.get(readers).json()["readers"]]
    assert named == ["The payroll", READER]
    site.town.operator.delete(f"/api/v1/groups/{group}")


def test_readers_are_those_of_now_and_saving_again_widens_nothing(
    signed_in: Visit, site: Site
) -> None:
    made = _collection(site, "Kept close")
    _reading_group(site, made)
    (document,) = site.town.server.ingest({"close.txt": b"Kept close."}, "Kept close")
    readers = f"/api/v1/documents/{document}/readers"
    page = _listed(signed_in)
    page.get_by_label("Collection").select_option(made)
    dialog = page.get_by_role("dialog")
    some = dialog.get_by_label("Only these people and groups")
    _chosen(page, "close.txt", "Who may read it")
    some.check()
    dialog.get_by_role("combobox").fill("remi")
    dialog.get_by_role("option").filter(has_text=READER).click()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    _chosen(page, "close.txt", "Who may read it")
    expect(some).to_be_checked()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    named = [each["name"] for each in site.town.operator.get(readers).json()["readers"]]
    assert named == [READER]
    signed_in.context.route(f"**{readers}", lambda route: route.fulfill(status=500))
    _chosen(page, "close.txt", "Who may read it")
    expect(dialog.get_by_role("alert")).to_be_visible()
    signed_in.context.unroute(f"**{readers}")
    dialog.get_by_role("button", name="Try again").click()
    expect(some).to_be_checked()


def _reading_group(site: Site, collection: str) -> int:
    """A group, with the reader in it, that sees a collection."""
    operator = site.town.operator
    people = {each["name"]: each["id"] for each in operator.get("/api/v1/people").json()["items"]}
    made: int = operator.post("/api/v1/groups", json={"name": "The payroll"}).json()["id"]
    operator.put(f"/api/v1/groups/{made}/members", json={"people": [people[READER]]})
    grant = {"group": made, "role": "reader"}
    operator.put(f"/api/v1/collections/{collection}/grants", json=grant)
    return made


def test_details_show_what_speaks_to_a_model(signed_in: Visit) -> None:
    page = _listed(signed_in)
    _row(page, FLAGGED).get_by_role("button", name="2 passages speak to a model").click()
    dialog = page.get_by_role("dialog", name=FLAGGED)
    expect(dialog).to_contain_text("Ignore all previous instructions")
    expect(dialog).to_contain_text("text/plain")
    assert signed_in.axe() == []
    dialog.get_by_role("link", name="page 1").first.click()
    expect(page).to_have_url(re.compile(r"/d/\d+#page=1$"))
    expect(dialog).to_have_count(0)


def test_a_failed_document_is_tried_again_and_an_original_saved(
    signed_in: Visit, site: Site
) -> None:
    made = _collection(site, "Broken")
    (item,) = site.town.server.upload({"half.pdf": b"%PDF-1.7 half"}, "Broken")
    site.town.server.ended(item["job_id"])
    page = _listed(signed_in)
    page.get_by_label("Collection").select_option(made)
    with page.expect_response("**/retry") as tried:
        _chosen(page, "half.pdf", "Try again")
    assert tried.value.status == 202
    expect(_row(page, "half.pdf")).to_contain_text("The file is damaged")
    with page.expect_download() as saved:
        _chosen(page, "half.pdf", "Download")
    assert saved.value.suggested_filename == "half.pdf"
    assert saved.value.path().read_bytes() == b"%PDF-1.7 half"


def test_an_empty_collection_asks_for_files(signed_in: Visit, site: Site) -> None:
    made = _collection(site, "Empty")
    page = _listed(signed_in)
    page.get_by_label("Collection").select_option(made)
    expect(page.get_by_role("heading", name="No documents yet")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Drop files or whole folders here")
    assert signed_in.axe() == []


def test_a_reader_is_offered_nothing_that_he_may_not(visiting: VisitFactory) -> None:
    """Test 30: neither adding nor deleting, and no document kept from him."""
    visit = visiting(READER)
    page = _listed(visit)
    expect(page.get_by_role("button", name="Add files")).to_have_count(0)
    expect(page.get_by_text(FLAGGED)).to_have_count(0)
    page.get_by_role("button", name="Actions for rule.pdf").click()
    expect(page.get_by_role("menuitem")).to_have_text(["Details", "Download"])
    assert visit.axe() == []


def test_the_table_speaks_french(visiting: VisitFactory) -> None:
    """Test 26: all of it from the dictionary, with the typography of French."""
    visit = visiting(ADMINISTRATOR, locale="fr-FR")
    page = _listed(visit)
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    heads = ["", "Nom", "Collection", "État", "Pages", "Taille", "Langue", "Ajouté le", ""]
    expect(page.locator("thead th")).to_have_text(heads)
    expect(_row(page, BROKEN)).to_contain_text("Le fichier est endommagé")
    expect(_row(page, FLAGGED)).to_contain_text("2 passages s’adressent à un modèle")
    page.get_by_label("Sélectionner rule.pdf").check()
    page.get_by_role("button", name="Supprimer", exact=True).click()
    dialog = page.get_by_role("dialog", name="Supprimer 1 document\u202f?")
    expect(dialog).to_contain_text("Cette action est définitive")
    assert visit.axe() == []
    dialog.get_by_role("button", name="Annuler").click()


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_each_document_is_a_card(visiting: VisitFactory, width: int) -> None:
    """Test 27: no sideways scroll, every value with its name, the actions within reach."""
    size = {"width": width, "height": 740}
    visit = visiting(ADMINISTRATOR, viewport=size, has_touch=True, is_mobile=True)
    page = _listed(visit)
    assert visit.sideways() == 0
    assert visit.axe() == []
    card = _row(page, "rule.pdf")
    assert card.evaluate("(row) => getComputedStyle(row).display") == "grid"
    card.get_by_role("button", name="Actions for rule.pdf").tap()
    expect(page.get_by_role("menuitem", name="Delete")).to_be_in_viewport(ratio=1)
    page.get_by_role("menuitem", name="Delete").tap()
    expect(page.get_by_role("dialog")).to_be_in_viewport(ratio=1)
    assert visit.axe() == []
    assert visit.sideways() == 0


def _listed(visit: Visit) -> Page:
    page = visit.open("/documents")
    expect(page.locator("tbody tr").first).to_be_visible()
    return page


def _names(page: Page) -> Locator:
    return page.locator(".documents-name :is(a, .documents-title)")


def _row(page: Page, name: str) -> Locator:
    return page.locator("tbody tr").filter(has=page.get_by_text(name, exact=True))


def _chosen(page: Page, name: str, action: str) -> None:
    """Choose an action of the menu of a document."""
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name=action).click()


def _collection(site: Site, name: str) -> str:
    """A collection that the administrator manages, as an option of the filter."""
    made = site.town.server.collection(name)["id"]
    site.town.granted(made, site.town.signed_in(ADMINISTRATOR), "manager")
    return str(made)
