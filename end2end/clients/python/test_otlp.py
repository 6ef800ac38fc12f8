"""OpenTelemetry's own exporters, unchanged: what they send is what is stored, field by field."""

import os
from collections.abc import Callable

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as OverGrpc
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as OverHttp
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from conftest import KAOS, get, until

TRACES = 100
SPANS_PER_TRACE = 100
KINDS = list(trace.SpanKind)


def over_grpc() -> OverGrpc:
    return OverGrpc(endpoint=KAOS, insecure=True)


def over_http() -> OverHttp:
    return OverHttp(endpoint=f"{KAOS}/v1/traces")


@pytest.mark.parametrize("exporter", [over_grpc, over_http])
def test_ten_thousand_spans_are_stored_as_they_were_sent(exporter: Callable) -> None:
    sent = InMemorySpanExporter()
    service = f"otlp-{exporter.__name__}-{os.getpid()}"
    provider = TracerProvider(resource=Resource.create({"service.name": service, "ünï": "cödé"}))
    provider.add_span_processor(BatchSpanProcessor(sent, max_queue_size=20_000))
    provider.add_span_processor(BatchSpanProcessor(exporter(), max_queue_size=20_000))
    tracer = provider.get_tracer("end2end", "1.2.3", attributes={"scope": True})
    for number in range(TRACES):
        with tracer.start_as_current_span(f"root-{number}", kind=trace.SpanKind.SERVER) as root:
            for place in range(1, SPANS_PER_TRACE):
                child(tracer, place, root)
    provider.shutdown()

    expected = {}
    for span in sent.get_finished_spans():
        expected.setdefault(f"{span.context.trace_id:032x}", {}).update(of_sdk(span))
    assert sum(len(spans) for spans in expected.values()) == TRACES * SPANS_PER_TRACE
    for trace_id, spans in expected.items():
        assert until(lambda trace_id=trace_id: stored(trace_id, len(spans))) == spans


def child(tracer: trace.Tracer, place: int, root: trace.Span) -> None:
    """A span with something of everything."""
    link = trace.Link(root.get_span_context(), {"why": "a link"})
    with tracer.start_as_current_span(
        f"child {place} <b>'ü'</b>",
        kind=KINDS[place % len(KINDS)],
        links=[link] if place % 3 == 0 else [],
        attributes={
            "text": "x" * place,
            "yes": place % 2 == 0,
            "count": -place,
            "large": 2**62 + place,
            "share": place / 7,
            "list": ["a", "ö"],
            "numbers": [1, 2, place],
            "empty": "",
        },
    ) as span:
        span.add_event("something", {"at": place, "half": 0.5})
        if place % 5 == 0:
            span.record_exception(ValueError(f"no {place}"))
            span.set_status(trace.Status(trace.StatusCode.ERROR, "went wrong"))
        elif place % 7 == 0:
            span.set_status(trace.Status(trace.StatusCode.OK))


def of_sdk(span: ReadableSpan) -> dict:
    """What the SDK has of a span, by its id, in the words of this test."""
    return {
        f"{span.context.span_id:016x}": {
            "parent": f"{span.parent.span_id:016x}" if span.parent else "",
            "name": span.name,
            # OTLP counts from 1.
            "kind": span.kind.value + 1,
            "times": (span.start_time, span.end_time),
            "attributes": plain(span.attributes),
            "status": (span.status.status_code.value, span.status.description or ""),
            "events": [(e.name, e.timestamp, plain(e.attributes)) for e in span.events],
            "links": [
                (f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}", plain(link.attributes))
                for link in span.links
            ],
            "resource": plain(span.resource.attributes),
            "scope": (
                span.instrumentation_scope.name,
                span.instrumentation_scope.version,
                plain(span.instrumentation_scope.attributes),
            ),
        }
    }


def plain(attributes) -> dict:
    lists = {key: list(v) if isinstance(v, tuple) else v for key, v in attributes.items()}
    return lists


def stored(trace_id: str, n_spans: int) -> dict:
    """The same of what is stored, once all of it is."""
    document = get(f"{KAOS}/jaeger/api/v3/traces/{trace_id}").json()
    spans = {
        span["spanId"]: of_store(resource["resource"], scope["scope"], span)
        for resource in document.get("result", {}).get("resourceSpans", [])
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    }
    return spans if len(spans) == n_spans else {}


def of_store(resource: dict, scope: dict, span: dict) -> dict:
    status = span.get("status", {})
    return {
        "parent": span.get("parentSpanId", ""),
        "name": span["name"],
        "kind": span["kind"],
        "times": (int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])),
        "attributes": values(span),
        "status": (status.get("code", 0), status.get("message", "")),
        "events": [(e["name"], int(e["timeUnixNano"]), values(e)) for e in span.get("events", [])],
        "links": [(link["traceId"], link["spanId"], values(link)) for link in span.get("links", [])],
        "resource": values(resource),
        "scope": (scope["name"], scope.get("version", ""), values(scope)),
    }


def values(of: dict) -> dict:
    return {pair["key"]: value(pair["value"]) for pair in of.get("attributes", [])}


def value(any_value: dict):
    [(kind, of)] = any_value.items()
    if kind == "intValue":
        return int(of)
    if kind == "arrayValue":
        return [value(element) for element in of.get("values", [])]
    return of
