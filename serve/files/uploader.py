"""A caller as an uploader: what they may not see, and how much they may bring."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from ingest.intake import Uploader
from retrieval.types import Document
from serve.caller import Caller
from serve.people.quotas import DefaultQuotas, Quota, admit
from serve.scope import whole_scope
from serve.settings import Settings


@dataclass(frozen=True, slots=True)
class CallerUploader(Uploader):
    """Whoever asks, with the quotas that hold for everybody."""

    caller: Caller
    defaults: DefaultQuotas

    @property
    def id(self) -> int | None:
        """The person's id."""
        return self.caller.person_id

    def closed_to(self, connection: Connection) -> frozenset[int]:
        """The documents of their collections that the caller may not read."""
        return whole_scope(connection, self.caller).excluded

    def check(self, connection: Connection, document: Document) -> None:
        """Refuse what is more than the caller or the collection may keep.

        Raises:
            PersonQuotaExceeded, CollectionQuotaExceeded: It is.
        """
        admit(connection, document, self.caller.person_id, self.defaults)


def default_quotas(settings: Settings) -> DefaultQuotas:
    """The quotas by the settings, where 0 is none."""
    return DefaultQuotas(
        person=Quota(settings.person_quota_bytes or None, settings.person_quota_documents or None),
        collection=Quota(
            settings.collection_quota_bytes or None, settings.collection_quota_documents or None
        ),
    )
