"""Zip-based office files: size and count checked before anything is inflated; safe XML."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lxml import etree

from ingest.errors import DamagedFile, LimitExceeded, PasswordNeeded

MAX_MEMBERS = 10_000
MAX_INFLATED_BYTES = 500_000_000
_ENCRYPTED = 0x1
_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_OUT_OF_MEMORY = "Memory allocation failed"


@contextmanager
def opened(path: Path, read: tuple[str, ...] = (".xml", ".rels")) -> Iterator[zipfile.ZipFile]:
    """The archive, of which the members that end like ``read`` will be read.

    Raises DamagedFile, PasswordNeeded, or LimitExceeded ("too_large").
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check(archive.infolist(), read)
            yield archive
    except (zipfile.BadZipFile, EOFError, NotImplementedError, zipfile.LargeZipFile) as error:
        raise DamagedFile(f"The office file is damaged: {error}.") from error
    except KeyError as error:
        raise DamagedFile(f"The office file lacks a part: {error}.") from error
    except etree.XMLSyntaxError as error:
        if _OUT_OF_MEMORY in str(error):
            raise MemoryError from error
        raise DamagedFile(f"The office file holds broken XML: {error}.") from error


def _check(members: Iterable[zipfile.ZipInfo], read: tuple[str, ...]) -> None:
    members = list(members)
    if len(members) > MAX_MEMBERS:
        raise LimitExceeded("too_large", f"The office file has {len(members)} members.")
    wanted = [member for member in members if member.filename.lower().endswith(read)]
    size = sum(member.file_size for member in wanted)
    if size > MAX_INFLATED_BYTES:
        raise LimitExceeded("too_large", f"The office file expands to {size} bytes.")
    if any(member.flag_bits & _ENCRYPTED for member in wanted):
        raise PasswordNeeded("The office file opens only with a password.")


def xml(archive: zipfile.ZipFile, member: str) -> Any:
    """The root element of a member, without entities, DTD or network."""
    with archive.open(member) as file:
        return etree.parse(file, _parser()).getroot()


def events(archive: zipfile.ZipFile, member: str, tags: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """(``"start"`` or ``"end"``, element) for these tags; the caller clears what it has read."""
    with archive.open(member) as file:
        yield from etree.iterparse(
            file,
            events=("start", "end"),
            tag=list(tags),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )


def _parser() -> Any:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def relationships(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """What a part refers to inside the archive: id -> (last word of the type, member name)."""
    folder, name = posixpath.split(part)
    member = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
    if member not in archive.namelist():
        return {}
    found: dict[str, tuple[str, str]] = {}
    for node in xml(archive, member).iter(_RELATIONSHIP):
        if node.get("TargetMode") == "External":
            continue
        target = node.get("Target", "")
        inside = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
        kind = node.get("Type", "").rsplit("/", 1)[-1]
        found[node.get("Id", "")] = (kind, posixpath.normpath(inside))
    return found
