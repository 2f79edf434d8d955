"""``cloister people``, ``keys`` and ``collections grant``, as the operator and as a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.conftest import CloisterCommand, ServerFactory

PASSWORD = "quartz lantern ferry moss"


def test_an_operator_lets_people_in_without_a_server(cloister: CloisterCommand) -> None:
    def done(*arguments: str) -> str:
        ran = cloister(*arguments)
        assert ran.code == 0, ran.err
        return ran.out

    invited = json.loads(done("people", "add", "Ada Byron", "--administrator", "--json"))
    assert "invited" in done("people", "list")
    token = invited["token"]
    weak = cloister("people", "enter", token, "--password", "adabyron1234")
    assert weak.code == 1
    assert "name" in weak.err
    assert "Ada Byron can sign in" in done("people", "enter", token, "--password", PASSWORD)
    assert cloister("people", "enter", token, "--password", PASSWORD).code == 1
    assert "administrator" in done("people", "list")
    assert "people enter cll_" in done("people", "link", "ada byron")
    last = cloister("people", "suspend", "Ada Byron")
    assert (last.code, "only administrator" in last.err) == (1, True)
    done("people", "add", "Bea")
    done("people", "suspend", "Bea")
    assert "suspended" in done("people", "list")
    done("people", "activate", "bea")
    granted = done("collections", "grant", "default", "reader", "--person", "Bea")
    assert granted.splitlines()[1].split() == ["reader", "person", "Bea"]
    taken = done("collections", "grant", "default", "none", "--person", "Bea")
    assert len(taken.splitlines()) == 1
    limited = json.loads(done("people", "quota", "Bea", "--bytes", "5GiB", "--json"))
    assert (limited["bytes"], limited["documents"]) == (5 << 30, None)
    done("people", "quota", "Bea", "--documents", "9", "--bytes", "default")
    shown = done("people", "quota", "Bea").splitlines()[1:]
    assert [each.split() for each in shown] == [
        ["bytes", "0", "-", "-"],
        ["documents", "0", "9", "9"],
    ]
    odd = cloister("people", "quota", "Bea", "--bytes", "much")
    assert (odd.code, "a number of bytes" in odd.err) == (1, True)
    limited = json.loads(done("collections", "quota", "default", "--documents", "3", "--json"))
    assert limited["set_documents"] == 3
    done("people", "rm", "Bea", "--yes")
    assert "Bea" not in done("people", "list")


def test_a_person_comes_with_a_key(
    cloister: CloisterCommand, server: ServerFactory, tmp_path: Path
) -> None:
    running = server()
    folder = tmp_path / "elsewhere"
    document = tmp_path / "garden.txt"
    document.write_text("The cedar was planted in 1902.")

    def operator(*arguments: str) -> Any:
        ran = cloister(*arguments, "--json", data=running.data)
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    operator("people", "add", "Ann")
    more = ("--for", "search", "--for", "ingest", "--days", "3")
    made = operator("keys", "add", "laptop", "--person", "Ann", *more)
    reads = operator("keys", "add", "reads", "--person", "Ann")["key"]
    assert made["expires_at"] is not None
    key = made["key"]
    remote = ("--server", running.url)

    ran = cloister(*remote, "search", "cedar", data=folder)
    assert ran.code == 1
    assert "CLOISTER_KEY" in ran.err
    refused = cloister(*remote, "ingest", str(document), data=folder, KEY=key)
    assert (refused.code, "a writer in some collection" in refused.err) == (1, True)
    operator("collections", "grant", "default", "writer", "--person", "Ann")
    done = cloister(*remote, "ingest", str(document), data=folder, KEY=key)
    assert done.code == 0, done.err
    found = cloister(*remote, "search", "cedar", "--json", data=folder, KEY=key)
    assert json.loads(found.out)["items"][0]["document_name"] == "garden.txt"
    assert cloister(*remote, "ingest", str(document), data=folder, KEY=reads).code == 1
    assert cloister(*remote, "people", "list", data=folder, KEY=key).code == 1
    operator_list = cloister("keys", "list", data=running.data).out
    assert key[-4:] in operator_list
    assert key not in operator_list
    cloister("keys", "rm", str(made["id"]), data=running.data)
    assert cloister(*remote, "search", "cedar", data=folder, KEY=key).code == 1
    assert not folder.exists()
