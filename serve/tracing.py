"""Whether and where the traces of this server go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from serve.errors import InvalidSetting
from serve.settings import Settings
from serve.telemetry.export import Collector, Counted, SpanExport
from serve.telemetry.spans import Sink

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[ -~]+")


def configured_export(settings: Settings, counted: Counted) -> SpanExport | None:
    """The export that the settings name; None if they name none.

    Raises:
        InvalidSetting: What it needs is not installed, or the headers are none.
    """
    if not settings.otel_endpoint:
        return None
    collector = Collector(
        settings.otel_endpoint, settings.otel_service_name, headers_in(settings.otel_headers)
    )
    try:
        return SpanExport(collector, counted)
    except ImportError:
        raise InvalidSetting(
            f"Traces are to go to {settings.otel_endpoint}, "
            "and what is needed for that is not installed.",
            advice="Install it: pip install 'cloister[otel]'; or unset CLOISTER_OTEL_ENDPOINT "
            "and OTEL_EXPORTER_OTLP_ENDPOINT.",
        ) from None


@contextmanager
def exporting(export: SpanExport | None) -> Iterator[None]:
    """Send spans until the block ends."""
    if export is None:
        yield
        return
    export.start()
    try:
        yield
    finally:
        export.stop()


def headers_in(text: str) -> dict[str, str]:
    """The headers of a setting, as OpenTelemetry writes them: name=value, with commas.

    Raises:
        InvalidSetting: They are none; what stands there is a secret and is not shown.
    """
    pairs = [each.partition("=") for each in text.split(",") if each.strip()]
    found = {name.strip(): unquote(value.strip()) for name, _, value in pairs}
    if not all(_NAME.fullmatch(name) and _VALUE.fullmatch(found[name]) for name in found):
        raise InvalidSetting(
            "CLOISTER_OTEL_HEADERS does not hold headers.",
            advice="They are written name=value, with commas.",
        )
    return found


def sink_of(export: SpanExport | None) -> Sink | None:
    """Where requests leave their spans; None where nobody wants them."""
    return export.add if export else None
