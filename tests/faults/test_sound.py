"""The check of the other tests notices each kind of damage that it is there for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.faults.site import Site, opened, running
from tests.faults.sound import assert_settles, assert_sound


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    with running(folder) as site:
        site.add("first", 1)
        site.add("second", 1)
        site.settle()
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def execute(site: Site, statement: str) -> None:
    with site.database.write() as connection:
        connection.execute(text(statement))


def an_original_is_gone(site: Site) -> None:
    site.originals.delete(next(iter(site.originals)))


def an_original_is_another(site: Site) -> None:
    (path,) = list((site.folder / "originals").glob(f"*/{next(iter(site.originals))}"))
    path.write_text("another")


def a_vector_is_gone(site: Site) -> None:
    execute(site, "DELETE FROM vectors WHERE chunk_id = 1")


def a_chunk_is_gone(site: Site) -> None:
    execute(site, "DELETE FROM chunks WHERE id = 1")


def a_page_is_gone(site: Site) -> None:
    execute(site, "DELETE FROM pages WHERE document_id = 1")


def a_change_is_gone(site: Site) -> None:
    execute(site, "DELETE FROM changes WHERE seq = 1")


def a_document_is_half_visible(site: Site) -> None:
    execute(site, "UPDATE documents SET seq = NULL WHERE id = 1")


def two_chunks_have_changed_vectors(site: Site) -> None:
    execute(
        site,
        "UPDATE vectors SET vector = (SELECT vector FROM vectors WHERE chunk_id = 2) "
        "WHERE chunk_id = 1",
    )


def the_lexical_index_lost_a_document(site: Site) -> None:
    seq = site.indexes.seq
    site.indexes.lexical.remove_document(1)
    site.indexes.lexical.commit(seq)


DAMAGES = [
    an_original_is_gone,
    an_original_is_another,
    a_vector_is_gone,
    a_chunk_is_gone,
    a_page_is_gone,
    a_change_is_gone,
    a_document_is_half_visible,
    two_chunks_have_changed_vectors,
    the_lexical_index_lost_a_document,
]


def test_a_whole_folder_is_sound(folder: Path) -> None:
    assert_sound(folder)
    assert len(assert_settles(folder)) == 2


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_noticed(folder: Path, damage: Callable[[Site], None]) -> None:
    with opened(folder) as site:
        site.indexes.maintain()
        damage(site)
    with pytest.raises((AssertionError, StopIteration, ValueError)):
        assert_sound(folder)
