"""A caller as an uploader: where they write, what they may not see, how much they may bring."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from ingest.intake import Uploader
from retrieval.types import Document
from serve.caller import Caller
from serve.people.holding import check_still
from serve.people.quotas import DefaultQuotas, Quota, admit
from serve.people.rights import Role
from serve.scope import check_role, whole_scope
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

    def check_writes(self, connection: Connection, collection_id: int) -> None:
        """Refuse a caller who has no way in any more, or is no writer of the collection any more.

        Raises:
            NotSignedIn, NotAllowed: The caller is one.
        """
        check_still(connection, self.caller)
        check_role(connection, self.caller, collection_id, Role.WRITER)

    def closed_to(self, connection: Connection) -> frozenset[int]:
        """The documents of their collections that the caller may not read."""
        return whole_scope(connection, self.caller).excluded

    def check(self, connection: Connection, document: Document) -> None:
        """Refuse what is more than the caller or the collection may keep.

        Raises:
            PersonQuotaExceeded, CollectionQuotaExceeded: It is.
        """
        admit(connection, document, self.caller.person_id, self.defaults)


def uploader_of(caller: Caller, settings: Settings) -> CallerUploader:
    """A caller as an uploader, with the quotas by the settings."""
    return CallerUploader(caller, default_quotas(settings))


def default_quotas(settings: Settings) -> DefaultQuotas:
    """The quotas by the settings, where 0 is none."""
    return DefaultQuotas(
        person=Quota(settings.person_quota_bytes or None, settings.person_quota_documents or None),
        collection=Quota(
            settings.collection_quota_bytes or None, settings.collection_quota_documents or None
        ),
    )
