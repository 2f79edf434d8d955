"""A document that another takes the place of leaves its record as one that is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import RunningServer

ONE, TWO = (f"The festival of {year} begins in June.".encode() for year in (1921, 1922))


def test_what_is_replaced_is_recorded_with_what_has_its_place(shared_server: RunningServer) -> None:
    shared_server.collection("replaced")
    old, new = (shared_server.ingest({"v.txt": each}, "replaced")[0] for each in (ONE, TWO))
    # The first content again, under a name of its own, and then under the name of the other.
    shared_server.ingest({"w.txt": ONE}, "replaced")
    [last] = shared_server.ingest({"v.txt": ONE}, "replaced")
    for gone, successor in ((old, new), (new, last)):
        params = {"subject": f"document:{gone}", "act": "document.deleted"}
        [record] = shared_server.http.get("/api/v1/audit", params=params).json()["items"]
        assert record["details"]["replaced_by"] == successor
        assert record["details"]["name"] == "v.txt"
    assert shared_server.http.get("/api/v1/audit/verify").json()["whole"]
