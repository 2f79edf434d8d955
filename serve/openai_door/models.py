"""Collections as models: what a program names as its model is what it wants to ask."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection

from retrieval.store import list_collections
from retrieval.types import Collection, Scope
from serve.caller import Caller
from serve.errors import ModelNotFound
from serve.scope import scope_of, whole_scope

ALL = "all"
PLAIN = "plain"
OPEN_WEBUI_SUFFIX = ":open-webui"

_RESERVED = (ALL, PLAIN)
_EPOCH = datetime.fromtimestamp(0, UTC)
_ACCENT = "Mn"

Kind = Literal["documents", "plain"]


@dataclass(frozen=True, slots=True)
class DoorModel:
    """What can be asked under one id: documents, or the model without documents.

    ``collection_id`` is None for all documents. ``for_open_webui`` says that the name it was asked
    by wants Open WebUI's form of citations.
    """

    id: str
    title: str
    kind: Kind
    created_at: datetime
    collection_id: int | None = None
    for_open_webui: bool = False

    def scope(self, connection: Connection, caller: Caller) -> Scope:
        """The documents of this model that the person may see."""
        if self.kind == "plain":
            return Scope()
        chosen = [] if self.collection_id is None else [self.collection_id]
        return scope_of(connection, caller, chosen)


def models_of(connection: Connection, caller: Caller, *, plain: bool) -> list[DoorModel]:
    """All models of a person: everything, each collection, and ``plain`` if there is an LLM."""
    seen = visible_collections(connection, caller)
    listed = [DoorModel(ALL, "All documents", "documents", _EPOCH)]
    for slug, each in slugs_of(seen).items():
        listed.append(DoorModel(slug, each.name, "documents", each.created_at, each.id))
    if plain:
        listed.append(DoorModel(PLAIN, "Without documents", "plain", _EPOCH))
    return listed


def visible_collections(connection: Connection, caller: Caller) -> list[Collection]:
    """The collections that a person may see."""
    whole = whole_scope(connection, caller)
    return [each for each in list_collections(connection) if each.id in whole.collections]


def model_named(connection: Connection, caller: Caller, name: str, *, plain: bool) -> DoorModel:
    """The model of an id, which may end in ``:open-webui``.

    Raises:
        ModelNotFound: There is none that the person may know of.
    """
    wanted = name.removesuffix(OPEN_WEBUI_SUFFIX)
    for model in models_of(connection, caller, plain=plain):
        if model.id == wanted:
            return replace(model, for_open_webui=wanted != name)
    raise ModelNotFound(f"There is no model {name[:100]!r}.", advice="GET /v1/models lists them.")


def slugs_of(collections: Iterable[Collection]) -> dict[str, Collection]:
    """Collections by ids that are easily written: of two alike, the younger one's has its number.

    What is made later never changes the id of what was there before.
    """
    slugs: dict[str, Collection] = {}
    for collection in sorted(collections, key=lambda each: each.id):
        slug = _slug(collection.name)
        while not slug or slug in _RESERVED or slug in slugs:
            slug = f"{slug or 'collection'}-{collection.id}"
        slugs[slug] = collection
    return dict(sorted(slugs.items()))


def _slug(name: str) -> str:
    """A name in small letters without accents, its words joined by hyphens."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(c for c in decomposed if unicodedata.category(c) != _ACCENT)
    return re.sub(r"[\W_]+", "-", letters).strip("-")
