"""Collections, documents and the seq of visible changes, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from multiprocessing import get_context

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, update

from ingest.files import display_name
from retrieval.database import Database
from retrieval.errors import CollectionExists, NotFound
from retrieval.schema import chunks, document_readers, documents, groups, pages, vectors
from retrieval.store import (
    DocumentFilter,
    changes_after,
    collection_named,
    create_collection,
    current_seq,
    delete_collection,
    delete_document,
    get_collection,
    get_document,
    list_collections,
    list_documents,
    rename_collection,
    set_document_state,
    totals,
)
from retrieval.types import Change, Document, DocumentState, Scope
from tests.retrieval.filling import a_collection, all_of, content_of, published, put, queued

on_each_database = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def listed(database: Database, wanted: DocumentFilter) -> list[str]:
    with database.read() as connection:
        return [document.name for document in list_documents(connection, wanted)]


def document(database: Database, document_id: int) -> Document:
    with database.read() as connection:
        return get_document(connection, document_id)


def changes(database: Database) -> list[Change]:
    with database.read() as connection:
        return changes_after(connection, 0, 10_000)


def publish_some(database: Database, collection: int, prefix: str, count: int) -> None:
    for number in range(count):
        published(database, collection, f"{prefix}-{number}.txt", f"text {prefix} {number}")


def publish_in_a_process(url: str, collection: int, prefix: str, count: int) -> None:
    with closing(Database(url)) as database:
        publish_some(database, collection, prefix, count)


def test_a_collection_is_found_by_id_and_name(database: Database) -> None:
    collection = a_collection(database, "papers")
    published(database, collection, "a.txt", "text")
    with database.read() as connection:
        by_id, by_name = (
            get_collection(connection, collection),
            collection_named(connection, "papers"),
        )
    assert by_id == by_name
    assert (by_id.name, by_id.document_count) == ("papers", 1)


def test_a_name_is_taken_once(database: Database) -> None:
    first, second = a_collection(database, "one"), a_collection(database, "two")
    with pytest.raises(CollectionExists), database.write() as connection:
        create_collection(connection, "one")
    with pytest.raises(CollectionExists), database.write() as connection:
        rename_collection(connection, second, "one")
    with database.write() as connection:
        assert rename_collection(connection, first, "one").name == "one"
        assert rename_collection(connection, second, "three").name == "three"


def test_what_does_not_exist_is_not_found(database: Database) -> None:
    with database.read() as connection:
        for look_up in (get_collection, get_document):
            with pytest.raises(NotFound):
                look_up(connection, 7)
        with pytest.raises(NotFound):
            collection_named(connection, "nothing")
    with database.write() as connection:
        for delete in (delete_collection, delete_document):
            with pytest.raises(NotFound):
                delete(connection, 7)


def test_the_same_content_is_the_same_document(database: Database) -> None:
    collection, other = a_collection(database, "one"), a_collection(database, "two")
    with database.write() as connection:
        first = queued(connection, collection, "a.txt", "text")
        assert queued(connection, collection, "b.txt", "text") == first
        assert queued(connection, other, "a.txt", "text").id != first.id


def test_ids_are_never_used_again(database: Database) -> None:
    collection = a_collection(database)
    first = published(database, collection, "a.txt", "text")
    with database.write() as connection:
        delete_document(connection, first)
    assert published(database, collection, "a.txt", "text") > first
    with database.read() as connection:
        assert connection.scalars(select(chunks.c.id)).one() > 1


def test_deletion_takes_all_that_came_from_a_document(database: Database) -> None:
    collection = a_collection(database)
    gone = published(database, collection, "a.txt", "text one", "text two")
    kept = published(database, collection, "b.txt", "text three")
    with database.write() as connection:
        hashes = delete_document(connection, gone)
    assert hashes == [sha256(b"text one\ntext two").hexdigest()]
    with database.read() as connection:
        for table in (documents, pages, chunks, vectors):
            assert connection.scalar(select(func.count()).select_from(table)) == 1
    assert changes(database)[-1] == Change(3, gone, visible=False)
    assert document(database, kept).state is DocumentState.READY


def test_a_file_is_kept_while_another_document_has_it(database: Database) -> None:
    one, two = a_collection(database, "one"), a_collection(database, "two")
    first, second = published(database, one, "a", "same"), published(database, two, "b", "same")
    with database.write() as connection:
        assert delete_document(connection, first) == []
        assert delete_document(connection, second) == [sha256(b"same").hexdigest()]


def test_deleting_what_was_not_visible_is_no_visible_change(database: Database) -> None:
    with database.write() as connection:
        collection = create_collection(connection, "papers").id
        delete_document(connection, queued(connection, collection, "a.txt", "text").id)
    assert changes(database) == []


def test_a_collection_is_deleted_with_its_documents(database: Database) -> None:
    collection, other = a_collection(database, "one"), a_collection(database, "two")
    visible = published(database, collection, "a.txt", "text")
    published(database, collection, "b.txt", "shared")
    published(database, other, "c.txt", "shared")
    with database.write() as connection:
        assert delete_collection(connection, collection) == [sha256(b"text").hexdigest()]
    assert listed(database, DocumentFilter(all_of(collection, other))) == ["c.txt"]
    assert Change(4, visible, visible=False) in changes(database)
    with database.read() as connection:
        assert [one.name for one in list_collections(connection)] == ["two"]


def test_a_listing_stays_inside_the_scope(database: Database) -> None:
    one, two = a_collection(database, "one"), a_collection(database, "two")
    published(database, one, "a.txt", "text a")
    granted = published(database, two, "b.txt", "text b")
    published(database, two, "c.txt", "text c")
    assert listed(database, DocumentFilter(Scope())) == []
    assert listed(database, DocumentFilter(all_of(one))) == ["a.txt"]
    both = Scope(frozenset({one}), frozenset({granted}))
    assert listed(database, DocumentFilter(both)) == ["a.txt", "b.txt"]
    with database.read() as connection:
        assert get_document(connection, granted, both).id == granted
        with pytest.raises(NotFound):
            get_document(connection, granted, all_of(one))
        with pytest.raises(NotFound):
            get_document(connection, granted, Scope())


def test_a_scope_of_very_many_documents_works(database: Database) -> None:
    collection = a_collection(database)
    last = published(database, collection, "a.txt", "text")
    scope = Scope(documents=frozenset(range(last, last + 70_000)))
    assert listed(database, DocumentFilter(scope)) == ["a.txt"]


def test_a_listing_is_filtered_and_cut_into_pages(database: Database) -> None:
    collection = a_collection(database)
    publish_some(database, collection, "100%_sure", 3)
    publish_some(database, collection, "other", 2)
    scope = all_of(collection)
    names = listed(database, DocumentFilter(scope))
    assert listed(database, DocumentFilter(scope, limit=2)) == names[:2]
    assert listed(database, DocumentFilter(scope, after=2, limit=2)) == names[2:4]
    assert listed(database, DocumentFilter(scope, name_contains="%_SURE")) == names[:3]
    assert listed(database, DocumentFilter(scope, name_contains="r%r")) == []
    assert listed(database, DocumentFilter(scope, states=frozenset({DocumentState.FAILED}))) == []


def test_a_state_moves_only_before_a_document_is_visible(database: Database) -> None:
    collection = a_collection(database)
    with database.write() as connection:
        waiting = queued(connection, collection, "a.txt", "text a").id
        set_document_state(connection, waiting, DocumentState.FAILED, ("damaged_file", "Broken."))
    failed = document(database, waiting)
    assert (failed.state, failed.error_code) == (DocumentState.FAILED, "damaged_file")
    visible = published(database, collection, "b.txt", "text b")
    with database.write() as connection:
        set_document_state(connection, visible, DocumentState.FAILED, ("late", "Late."))
    assert document(database, visible).state is DocumentState.READY


def test_a_changed_file_takes_the_place_of_the_old_version(database: Database) -> None:
    collection = a_collection(database)
    old = published(database, collection, "a.txt", "version one")
    with database.write() as connection:
        new = queued(connection, collection, "a.txt", "version two").id
    assert document(database, old).state is DocumentState.READY
    with database.write() as connection:
        assert put(connection, new, ["version two"]) == [sha256(b"version one").hexdigest()]
    with pytest.raises(NotFound):
        document(database, old)
    assert changes(database)[1:] == [Change(2, old, visible=False), Change(3, new, visible=True)]


def test_the_later_version_wins_whichever_is_done_first(database: Database) -> None:
    collection = a_collection(database)
    with database.write() as connection:
        first = queued(connection, collection, "a.txt", "one").id
        second = queued(connection, collection, "a.txt", "two").id
        third = queued(connection, collection, "a.txt", "three").id
    with database.write() as connection:
        assert put(connection, second, ["two"]) == [sha256(b"one").hexdigest()]
    with pytest.raises(NotFound), database.write() as connection:
        put(connection, first, ["one"])
    with database.write() as connection:
        put(connection, third, ["three"])
    assert listed(database, DocumentFilter(all_of(collection))) == ["a.txt"]
    with database.read() as connection:
        assert connection.scalars(select(chunks.c.text)).all() == ["three"]


def test_an_older_version_that_is_done_later_is_dropped(database: Database) -> None:
    collection = a_collection(database)
    with database.write() as connection:
        old = queued(connection, collection, "a.txt", "old").id
        # As where the name became the same only afterwards.
        new = queued(connection, collection, "b.txt", "new").id
        put(connection, new, ["new"])
        connection.execute(documents.update().where(documents.c.id == new).values(name="a.txt"))
    with database.write() as connection:
        assert put(connection, old, ["old"]) == [sha256(b"old").hexdigest()]
    with database.read() as connection:
        assert connection.scalars(select(chunks.c.text)).all() == ["new"]


def test_the_same_name_in_another_collection_is_another_document(database: Database) -> None:
    one, two = a_collection(database, "one"), a_collection(database, "two")
    published(database, one, "a.txt", "text one")
    published(database, two, "a.txt", "text two")
    assert listed(database, DocumentFilter(all_of(one, two))) == ["a.txt", "a.txt"]


def test_a_reader_always_sees_exactly_one_version(database: Database) -> None:
    collection = a_collection(database)
    published(database, collection, "a.txt", "version 0")
    ended = threading.Event()
    seen: list[int] = []

    def look() -> None:
        while not ended.is_set():
            with database.read() as connection:
                query = select(func.count()).where(documents.c.seq.is_not(None))
                visible = connection.scalar(query)
                texts = connection.scalars(select(chunks.c.text)).all()
            seen.extend([visible or 0, len(texts)])

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(look) for _ in range(2)]
        try:
            for number in range(1, 40):
                published(database, collection, "a.txt", f"version {number}")
        finally:
            ended.set()
        for reader in readers:
            reader.result()
    assert set(seen) == {1}


def test_seqs_rise_in_the_order_of_commits(database: Database) -> None:
    collection = a_collection(database)
    url = database.url.render_as_string(hide_password=False)
    ended = threading.Event()
    followed: list[int] = []

    def follow() -> None:
        while not (ended.is_set() and len(followed) == current(database)):
            with database.read() as connection:
                after = followed[-1] if followed else 0
                followed.extend(one.seq for one in changes_after(connection, after, 100))

    with (
        ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as processes,
        ThreadPoolExecutor(3) as threads,
    ):
        follower = threads.submit(follow)
        work = [
            processes.submit(publish_in_a_process, url, collection, f"process{n}", 20)
            for n in range(2)
        ]
        work += [
            threads.submit(publish_some, database, collection, f"thread{n}", 20) for n in range(2)
        ]
        for one in work:
            one.result()
        ended.set()
        follower.result()
    assert followed == list(range(1, 81))


def current(database: Database) -> int:
    with database.read() as connection:
        return current_seq(connection)


@on_each_database
@given(name=st.text(alphabet=st.characters(exclude_categories=())))
def test_any_name_can_be_stored_once_it_is_fit_to_be_shown(database: Database, name: str) -> None:
    shown = display_name(name)
    collection = a_collection(database, f"of {current_collections(database)}")
    stored = published(database, collection, shown, "text")
    assert document(database, stored).name == shown


def current_collections(database: Database) -> int:
    with database.read() as connection:
        return len(list_collections(connection))


def test_totals_count_what_is_there(database: Database) -> None:
    collection = a_collection(database)
    published(database, collection, "a.txt", "text one", "text two")
    with database.write() as connection:
        queued(connection, collection, "b.txt", "text")
    with database.read() as connection:
        found = totals(connection, all_of(collection))
        nothing = totals(connection, Scope())
        partly = totals(connection, Scope(frozenset({collection}), excluded=frozenset({1})))
    assert (found.collections, found.chunks) == (1, 2)
    assert found.documents == {"ready": 1, "queued": 1}
    assert (nothing.collections, nothing.chunks, nothing.documents) == (0, 0, {})
    assert (partly.chunks, partly.documents) == (0, {"queued": 1})


def test_an_excluded_document_does_not_exist(database: Database) -> None:
    collection = a_collection(database)
    seen = published(database, collection, "a.txt", "seen")
    hidden = published(database, collection, "b.txt", "hidden")
    scope = Scope(frozenset({collection}), frozenset({hidden}), frozenset({hidden}))
    with database.read() as connection:
        assert [each.id for each in list_documents(connection, DocumentFilter(scope))] == [seen]
        assert get_document(connection, seen, scope).id == seen
        with pytest.raises(NotFound):
            get_document(connection, hidden, scope)


def test_a_new_version_is_restricted_as_the_old_one_is(database: Database) -> None:
    collection = a_collection(database)
    first = published(database, collection, "a.txt", "one")
    with database.write() as connection:
        group = connection.execute(
            insert(groups).values(name="board", created_at=1.0).returning(groups.c.id)
        ).scalar_one()
        connection.execute(update(documents).values(restricted=True))
        connection.execute(insert(document_readers).values(document_id=first, group_id=group))
    second = published(database, collection, "a.txt", "two")
    other = published(database, collection, "b.txt", "three")
    with database.read() as connection:
        rows = connection.execute(select(documents.c.id, documents.c.restricted)).all()
        readers = connection.execute(
            select(document_readers.c.document_id, document_readers.c.group_id)
        ).all()
    assert {row.id: row.restricted for row in rows} == {second: True, other: False}
    assert [tuple(row) for row in readers] == [(second, group)]


def test_content_needs_a_document(database: Database) -> None:
    with pytest.raises(NotFound), database.write() as connection:
        put(connection, 7, ["text"])
    assert len(content_of(["a", "b"]).vectors) == 2
    assert changes(database) == []
