"""One parser for each family of file formats, and the choice among them.

A parser is a callable ``(path) -> Iterator[DocumentInfo | ParsedPage]``: one ``DocumentInfo``
first, then pages in order. Parsers run only inside ``ingest.sandbox``.
"""
