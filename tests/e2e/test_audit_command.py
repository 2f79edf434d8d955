"""``cloister audit``, beside the data folder without a server and with one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.conftest import CloisterCommand, ServerFactory


def tampered(data: Path) -> None:
    """The log as somebody leaves it who can write the database's file."""
    with closing(sqlite3.connect(data / "cloister.db")) as connection, connection:
        connection.execute("DROP TRIGGER audit_log_no_update")
        connection.execute("UPDATE audit_log SET actor = 'nobody' WHERE seq = 2")


def test_the_log_is_listed_exported_and_verified(
    cloister: CloisterCommand, server: ServerFactory, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    running = server(data)
    running.ingest({"a.txt": b"The cedar was planted in 1902."})
    listed = cloister("audit", "list", "--act", "document.*")
    assert "document.uploaded" in listed.out
    assert len(listed.out.splitlines()) == 2
    verified = cloister("audit", "verify")
    assert verified.code == 0
    assert verified.out.startswith("whole: ")
    head = verified.out.splitlines()[1].removeprefix("head ")
    exported = cloister("audit", "export", "--out", str(tmp_path / "audit.jsonl"))
    assert exported.code == 0
    lines = (tmp_path / "audit.jsonl").read_text().splitlines()
    acts = [json.loads(line)["act"] for line in lines]
    assert (acts[0], acts[-1]) == ("collection.created", "audit.exported")
    assert "document.uploaded" in acts
    running.stop()
    assert cloister("audit", "verify", "--head", head).code == 0
    tampered(data)
    broken = cloister("audit", "verify", "--head", head)
    assert broken.code == 1
    assert "broken at record 2" in broken.err
