"""Traces of requests, for a collector that speaks OpenTelemetry; none where none is configured."""
