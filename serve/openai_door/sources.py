"""Citations as programs can show them: Markdown links, annotations, Open WebUI's sources."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from serve.answers.events import Citation
from serve.answers.phrases import phrase
from serve.errors import InvalidRequest
from serve.openai_door.bodies import CitationChoice
from serve.openai_door.transcript import Mark, Transcript

HEADER = "x-citations"

_CHOICES: tuple[CitationChoice, ...] = ("markdown", "annotations", "open-webui", "none")
_MARKDOWN = re.compile(r"([\\\[\]<>`*])")
_PORT = re.compile(r":\d+\Z")


@dataclass(frozen=True, slots=True)
class CitationForm:
    """How citations are told, and the address of the site that their links lead to."""

    choice: CitationChoice
    site: str

    def url(self, citation: Citation) -> str:
        """Where our viewer shows a citation on its page, with its words marked."""
        words = f"{citation.span.start}-{citation.span.end}"
        place = f"page={citation.page}&c={citation.chunk_id}&s={words}"
        return f"{self.site}/d/{citation.document_id}#{place}"

    def tail(self, transcript: Transcript) -> str:
        """What an answer in Markdown has below its text: its sources, and who wrote it if it was
        not the model.
        """
        if self.choice != "markdown":
            return ""
        notice = phrase("stand_in", transcript.language) if transcript.degraded else ""
        parts = ["", f"*{notice}*"] if notice else [""]
        if transcript.citations:
            lines = [self._line(each) for each in transcript.citations]
            parts += [phrase("sources", transcript.language), "\n".join(lines)]
        return "\n\n".join(parts) if len(parts) > 1 else ""

    def _line(self, citation: Citation) -> str:
        title = _MARKDOWN.sub(r"\\\1", title_of(citation))
        return f"- [{citation.n}] [{title}]({self.url(citation)})"

    def url_citation(self, mark: Mark) -> dict[str, Any]:
        """A mark as an annotation of a chat completion."""
        return {"type": "url_citation", "url_citation": self.cited(mark)}

    def cited(self, mark: Mark) -> dict[str, Any]:
        """Where a mark stands and what it is of; OpenAI's fields first, then ours."""
        citation = mark.citation
        return {
            "start_index": mark.start,
            "end_index": mark.end,
            "url": self.url(citation),
            "title": title_of(citation),
            "n": citation.n,
            **_place(citation),
        }

    def file_citation(self, mark: Mark) -> dict[str, Any]:
        """A mark as an annotation of a response."""
        citation = mark.citation
        return {
            "type": "file_citation",
            "file_id": f"file-{citation.document_id}",
            "filename": citation.document_name,
            "index": mark.start,
            "n": citation.n,
            "url": self.url(citation),
            **_place(citation),
        }

    def open_webui_source(self, citation: Citation) -> dict[str, Any]:
        """A citation as Open WebUI's own retrieval would tell it.

        It takes sources with one id for one, counts pages from 0, and looks for a file_id among
        its own files.
        """
        title = title_of(citation)
        metadata: dict[str, Any] = {"source": f"cloister-{citation.chunk_id}-{citation.n}"}
        metadata |= {"name": title, "document_id": citation.document_id}
        if citation.paged:
            metadata["page"] = citation.page - 1
        source = {"id": metadata["source"], "name": title, "url": self.url(citation)}
        data = {"source": source, "document": [citation.quote], "metadata": [metadata]}
        return {"type": "source", "data": data}


def choice_of(request: Request, in_body: CitationChoice | None) -> CitationChoice | None:
    """The form that a request asks for, in its body or else by its header, if it does.

    Raises:
        InvalidRequest: There is no such form.
    """
    header = request.headers.get(HEADER, "").strip().lower()
    if in_body or not header:
        return in_body
    for choice in _CHOICES:
        if choice == header:
            return choice
    raise InvalidRequest(f"X-Citations is {header[:40]!r}; it is one of {', '.join(_CHOICES)}.")


def site_of(request: Request, public_host: str) -> str:
    """The address of this site for people: its public name, or the one that the program uses."""
    host = request.headers.get("host", "")
    if not public_host:
        return f"http://{host}"
    is_named = _PORT.sub("", host).lower() == public_host
    return f"https://{host if is_named else public_host}"


def title_of(citation: Citation) -> str:
    """The document's name, and its page where pages mean something."""
    if not citation.paged:
        return citation.document_name
    return f"{citation.document_name}, p. {citation.page_label or citation.page}"


def _place(citation: Citation) -> dict[str, Any]:
    return {
        "quote": citation.quote,
        "page": citation.page if citation.paged else None,
        "page_label": citation.page_label if citation.paged else "",
        "document_id": citation.document_id,
        "chunk_id": citation.chunk_id,
        "verdict": citation.verdict,
    }
