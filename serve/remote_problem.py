"""What a server said went wrong, as an error on the side of whoever asked it."""

from __future__ import annotations

from http import HTTPStatus

import httpx

from retrieval.errors import CloisterError


class RemoteError(CloisterError):
    """What a server said went wrong."""

    def __init__(self, code: str, message: str, advice: str, status: int) -> None:
        super().__init__(message, advice=advice)
        self.code = code
        self.status = status


def problem_in(response: httpx.Response) -> RemoteError:
    """What a response says went wrong."""
    try:
        told = response.json()
        code, detail = told["code"], told["detail"]
    except (ValueError, KeyError, TypeError):
        text = f"The server answered {response.status_code}: {response.text[:200]}"
        return RemoteError("serve_error", text, "", response.status_code)
    advice = told.get("advice") or ""
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        advice = "For a server that is not of this data folder, set an API key: CLOISTER_KEY."
    return RemoteError(code, detail, advice, response.status_code)
