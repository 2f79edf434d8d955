"""``cloister groups``, ``collections revoke`` and ``model``, ``docs restrict``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.conftest import CloisterCommand, ServerFactory


def test_groups_and_what_is_granted_to_them(
    cloister: CloisterCommand, server: ServerFactory, tmp_path: Path
) -> None:
    running = server()

    def done(*arguments: str) -> Any:
        ran = cloister(*arguments, "--json", data=running.data)
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    def said(*arguments: str) -> str:
        ran = cloister(*arguments, data=running.data)
        assert ran.code == 0, ran.err
        return ran.out

    for name in ("Ann", "Bea"):
        done("people", "add", name)
    assert "is made" in said("groups", "add", "Lawyers")
    assert done("groups", "add", "Staff", "--from-provider")["from_oidc"]
    inside = done("groups", "members", "Lawyers", "--add", "ann", "--add", "Bea")["members"]
    assert [each["name"] for each in inside] == ["Ann", "Bea"]
    wrong = cloister("groups", "members", "Lawyers", "--remove", "Ann", "--add", "Nobody",
                     data=running.data)  # fmt: skip
    assert (wrong.code, "No person named" in wrong.err) == (1, True)
    assert said("groups", "members", "Lawyers").split() == ["ID", "NAME", "1", "Ann", "2", "Bea"]
    assert "Ann" not in said("groups", "members", "Lawyers", "--remove", "Ann")
    filled = cloister("groups", "members", "Staff", "--add", "Ann", data=running.data)
    assert (filled.code, "sign-in provider" in filled.err) == (1, True)
    rows = [line.split() for line in said("groups", "list").splitlines()[1:]]
    assert rows == [["1", "1", "hand", "Lawyers"], ["2", "0", "provider", "Staff"]]

    granted = done("collections", "grant", "default", "reader", "--group", "Lawyers")["items"]
    assert [(each["role"], each["name"]) for each in granted] == [("reader", "Lawyers")]
    assert done("collections", "revoke", "default", "--group", "Lawyers")["items"] == []
    assert cloister("collections", "revoke", "default", "--group", "X", data=running.data).code == 1
    assert done("collections", "model", "default", "house")["model"] == "house"
    assert "the default model" in said("collections", "model", "default", "")

    [document] = running.ingest({"a.txt": b"The lighthouse opens in May."})
    told = said("docs", "restrict", str(document), "--person", "Bea", "--group", "Lawyers")
    assert told == f"Document {document} is read by Lawyers, Bea.\n"
    assert cloister("docs", "restrict", str(document), data=running.data).code == 2
    opened = done("docs", "restrict", str(document), "--everybody")
    assert opened["items"] == [{"id": document, "readers": None}]

    assert done("groups", "rm", "Lawyers", "--yes")["deleted"]["name"] == "Lawyers"
    gone = cloister("groups", "rm", "Lawyers", "--yes", data=running.data)
    assert (gone.code, "groups list" in gone.err) == (1, True)
