"""What the audit log tells of, by codes that stay as they are."""

from __future__ import annotations

from enum import StrEnum


class Act(StrEnum):
    """What somebody did."""

    SIGNED_IN = "sign_in.succeeded"
    SIGN_IN_FAILED = "sign_in.failed"
    SIGN_IN_THROTTLED = "sign_in.throttled"
    SESSION_ENDED = "session.ended"
    SESSIONS_ENDED = "session.all_ended"

    PERSON_CREATED = "person.created"
    PERSON_SUSPENDED = "person.suspended"
    PERSON_ACTIVATED = "person.activated"
    PERSON_ROLE_SET = "person.role_set"
    PERSON_DELETED = "person.deleted"
    PASSWORD_SET = "password.set"
    LINK_MADE = "link.made"
    KEY_CREATED = "key.created"
    KEY_DELETED = "key.deleted"

    GROUP_CREATED = "group.created"
    GROUP_RENAMED = "group.renamed"
    GROUP_MEMBERS_SET = "group.members_set"
    GROUP_SOURCE_SET = "group.source_set"
    GROUPS_FOLLOWED = "person.groups_followed"
    GROUP_DELETED = "group.deleted"

    GRANT_GIVEN = "grant.given"
    GRANT_REVOKED = "grant.revoked"
    READERS_SET = "document.readers_set"

    COLLECTION_CREATED = "collection.created"
    COLLECTION_RENAMED = "collection.renamed"
    COLLECTION_MODEL_SET = "collection.model_set"
    QUOTA_SET = "quota.set"
    COLLECTION_DELETED = "collection.deleted"

    DOCUMENT_UPLOADED = "document.uploaded"
    DOCUMENT_DELETED = "document.deleted"
    DOCUMENT_OPENED = "document.opened"

    SEARCHED = "search.answered"
    SOURCES_READ = "answer.sources_read"
    ANSWERED = "answer.given"

    QUESTION_ASKED = "question.asked"
    CONVERSATION_OPENED = "conversation.opened"
    CONVERSATION_EXPORTED = "conversation.exported"
    CONVERSATION_DELETED = "conversation.deleted"
    OWN_DATA_EXPORTED = "own_data.exported"
    OWN_CONVERSATIONS_DELETED = "conversation.all_deleted"
    FEEDBACK_EXPORTED = "feedback.exported"

    AUDIT_EXPORTED = "audit.exported"
