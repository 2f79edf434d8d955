"""Spans as OTLP has them; the only module that needs the extra ``otel``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2 as otlp

from serve.telemetry.spans import Kind, Span, Value
from serve.version import program_version

_KINDS: dict[Kind, otlp.Span.SpanKind.ValueType] = {
    "internal": otlp.Span.SPAN_KIND_INTERNAL,
    "server": otlp.Span.SPAN_KIND_SERVER,
    "client": otlp.Span.SPAN_KIND_CLIENT,
}
_SCOPE = "cloister"


def encoded(spans: Sequence[Span], service: str) -> bytes:
    """The body of an export."""
    resource = {"service.name": service, "service.version": program_version()}
    scope = InstrumentationScope(name=_SCOPE, version=program_version())
    request = ExportTraceServiceRequest(
        resource_spans=[
            otlp.ResourceSpans(
                resource=Resource(attributes=_pairs(resource)),
                scope_spans=[otlp.ScopeSpans(scope=scope, spans=[_span(each) for each in spans])],
            )
        ]
    )
    body: bytes = request.SerializeToString()
    return body


def _span(span: Span) -> otlp.Span:
    context = span.context
    return otlp.Span(
        trace_id=bytes.fromhex(context.trace_id) if context else b"",
        span_id=bytes.fromhex(context.span_id) if context else b"",
        parent_span_id=bytes.fromhex(span.parent_id),
        name=span.name,
        kind=_KINDS[span.kind],
        start_time_unix_nano=span.begun,
        end_time_unix_nano=span.begun + span.lasted,
        attributes=_pairs(span.attributes),
        status=otlp.Status(code=otlp.Status.STATUS_CODE_ERROR) if span.failed else None,
    )


def _pairs(attributes: Mapping[str, Value]) -> list[KeyValue]:
    return [KeyValue(key=name, value=_value(value)) for name, value in attributes.items()]


def _value(value: Value) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
