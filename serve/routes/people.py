"""People and groups, for administrators."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response
from sqlalchemy import Connection

from serve.people import groups, store
from serve.people.links import create_link
from serve.people.schemas import (
    GroupBody,
    GroupDetails,
    GroupList,
    GroupOut,
    GroupPatch,
    InvitedOut,
    MembersBody,
    PersonBody,
    PersonList,
    PersonOut,
    PersonPatch,
)
from serve.routes.parts import BackendPart, CallerPart, IdPath
from serve.scope import check_administrator


def _administrator(caller: CallerPart) -> None:
    check_administrator(caller)


router = APIRouter(prefix="/api/v1", tags=["people"], dependencies=[Depends(_administrator)])


@router.get("/people")
def list_people(backend: BackendPart) -> PersonList:
    """All people by name."""
    with backend.database.read() as connection:
        found = store.list_people(connection)
    return PersonList(items=[PersonOut.model_validate(each) for each in found])


@router.post("/people", status_code=201)
def invite(backend: BackendPart, body: PersonBody) -> InvitedOut:
    """Add a person, who comes in by the link."""
    with backend.database.write() as connection:
        person = store.create_person(connection, body.name, is_administrator=body.is_administrator)
        token = create_link(connection, person.id)
    return InvitedOut(person=PersonOut.model_validate(person), token=token)


@router.get("/people/{person_id}")
def show(backend: BackendPart, person_id: IdPath) -> PersonOut:
    """One person."""
    with backend.database.read() as connection:
        return PersonOut.model_validate(store.get_person(connection, person_id))


@router.patch("/people/{person_id}")
def change(backend: BackendPart, person_id: IdPath, body: PersonPatch) -> PersonOut:
    """Suspend a person or let one in again, or make one an administrator or no longer."""
    with backend.database.write() as connection:
        if body.is_administrator is not None:
            store.set_administrator(connection, person_id, body.is_administrator)
        if body.suspended is not None:
            (store.suspend if body.suspended else store.activate)(connection, person_id)
        return PersonOut.model_validate(store.get_person(connection, person_id))


@router.delete("/people/{person_id}", status_code=204)
def delete(backend: BackendPart, person_id: IdPath) -> Response:
    """Delete a person with keys, grants and conversations."""
    with backend.database.write() as connection:
        store.delete_person(connection, person_id)
    backend.database.forget_deleted()
    return Response(status_code=204)


@router.post("/people/{person_id}/link", status_code=201)
def renew_link(backend: BackendPart, person_id: IdPath) -> InvitedOut:
    """A link by which a person chooses a new password; an earlier one ends."""
    with backend.database.write() as connection:
        person = store.get_person(connection, person_id)
        token = create_link(connection, person_id)
    return InvitedOut(person=PersonOut.model_validate(person), token=token)


@router.get("/groups")
def list_groups(backend: BackendPart) -> GroupList:
    """All groups by name."""
    with backend.database.read() as connection:
        found = groups.list_groups(connection)
    return GroupList(items=[GroupOut.model_validate(each) for each in found])


@router.post("/groups", status_code=201)
def create_group(backend: BackendPart, body: GroupBody) -> GroupOut:
    """Make a group."""
    with backend.database.write() as connection:
        made = groups.create_group(connection, body.name)
        if body.from_oidc:
            made = groups.set_from_oidc(connection, made.id, True)
        return GroupOut.model_validate(made)


@router.get("/groups/{group_id}")
def show_group(backend: BackendPart, group_id: IdPath) -> GroupDetails:
    """One group with its people."""
    with backend.database.read() as connection:
        return _group(connection, group_id)


@router.patch("/groups/{group_id}")
def change_group(backend: BackendPart, group_id: IdPath, body: GroupPatch) -> GroupOut:
    """Rename a group, or say whether the sign-in provider fills it."""
    with backend.database.write() as connection:
        if body.name is not None:
            groups.rename_group(connection, group_id, body.name)
        if body.from_oidc is not None:
            groups.set_from_oidc(connection, group_id, body.from_oidc)
        return GroupOut.model_validate(groups.get_group(connection, group_id))


@router.put("/groups/{group_id}/members")
def set_members(backend: BackendPart, group_id: IdPath, body: MembersBody) -> GroupDetails:
    """Say who is in a group."""
    with backend.database.write() as connection:
        groups.set_members(connection, group_id, body.people)
    # Afterwards: others who write need not wait until so many are read.
    with backend.database.read() as connection:
        return _group(connection, group_id)


@router.delete("/groups/{group_id}", status_code=204)
def delete_group(backend: BackendPart, group_id: IdPath) -> Response:
    """Delete a group with what is granted to it."""
    with backend.database.write() as connection:
        groups.delete_group(connection, group_id)
    return Response(status_code=204)


def _group(connection: Connection, group_id: int) -> GroupDetails:
    found = groups.get_group(connection, group_id)
    members = groups.members_of(connection, group_id)
    return GroupDetails(
        **GroupOut.model_validate(found).model_dump(),
        members=[PersonOut.model_validate(each) for each in members],
    )
