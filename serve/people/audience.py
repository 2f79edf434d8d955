"""Who sees a collection: what its managers choose the readers of a document from."""

from __future__ import annotations

from sqlalchemy import Connection, select

from retrieval.schema import grants, group_members, groups, people
from serve.people.rights import Holder, Reader


def audience_of(connection: Connection, collection_id: int) -> list[Reader]:
    """Groups that something of a collection is granted to, then people, alone or in one of them."""
    granted = grants.c.collection_id == collection_id
    of_groups = select(groups.c.id, groups.c.name).join(grants, grants.c.group_id == groups.c.id)
    alone = select(grants.c.person_id).where(granted, grants.c.person_id.is_not(None))
    in_groups = (
        select(group_members.c.person_id)
        .join(grants, grants.c.group_id == group_members.c.group_id)
        .where(granted)
    )
    of_people = select(people.c.id, people.c.name).where(
        people.c.id.in_(alone.union(in_groups)), people.c.suspended.is_(False)
    )
    found_groups = connection.execute(of_groups.where(granted).order_by(groups.c.name))
    found_people = connection.execute(of_people.order_by(people.c.folded_name))
    return [
        *(Reader(Holder(group_id=row.id), row.name) for row in found_groups),
        *(Reader(Holder(person_id=row.id), row.name) for row in found_people),
    ]
