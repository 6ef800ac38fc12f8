// OpenTelemetry's own exporters for Node.js, unchanged: what they send is what is stored, field by field.

import { context, SpanKind, SpanStatusCode, trace, type Span, type Tracer } from "@opentelemetry/api";
import { OTLPTraceExporter as OverGrpc } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as OverHttpInJson } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as OverHttp } from "@opentelemetry/exporter-trace-otlp-proto";
import { CompressionAlgorithm } from "@opentelemetry/otlp-exporter-base";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-node";
import { expect, test } from "@playwright/test";

import { sent, stored, type Plain } from "./otlp.ts";

const KAOS = process.env.KAOS_URL ?? "";
const TRACES = 100;
const SPANS_PER_TRACE = 100;
const KINDS = [SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER];

const EXPORTERS: [string, () => SpanExporter][] = [
  ["over gRPC", () => new OverGrpc({ url: KAOS })],
  ["over HTTP", () => new OverHttp({ url: `${KAOS}/v1/traces` })],
  [
    "over HTTP, as compressed JSON",
    () => new OverHttpInJson({ url: `${KAOS}/v1/traces`, compression: CompressionAlgorithm.GZIP }),
  ],
];

for (const [how, exporter] of EXPORTERS) {
  test(`ten thousand spans ${how} are stored as they were sent`, async () => {
    test.setTimeout(120_000);
    const finished = new InMemorySpanExporter();
    const provider = new NodeTracerProvider({
      resource: resourceFromAttributes({ "service.name": `node ${how} ${process.pid}`, "ünï": "cödé" }),
      spanProcessors: [
        new SimpleSpanProcessor(finished),
        new BatchSpanProcessor(exporter(), { maxQueueSize: 20_000 }),
      ],
    });
    const tracer = provider.getTracer("end2end", "1.2.3");
    for (let number = 0; number < TRACES; number += 1) oneTrace(tracer, number);
    await provider.forceFlush();

    const expected = new Map<string, Plain[]>();
    for (const span of finished.getFinishedSpans()) {
      const { traceId } = span.spanContext();
      expected.set(traceId, [...(expected.get(traceId) ?? []), sent(span)]);
    }
    await provider.shutdown();
    expect([...expected.values()].flat()).toHaveLength(TRACES * SPANS_PER_TRACE);
    for (const [id, spans] of expected) {
      await expect.poll(async () => (await stored(id)).length, `the trace ${id}`).toBe(spans.length);
      expect(byId(await stored(id))).toEqual(byId(spans));
    }
  });
}

function oneTrace(tracer: Tracer, number: number): void {
  const root = tracer.startSpan(`root-${number}`, { kind: SpanKind.SERVER });
  for (let place = 1; place < SPANS_PER_TRACE; place += 1) child(tracer, place, root);
  root.end();
}

/** A span with something of everything. */
function child(tracer: Tracer, place: number, root: Span): void {
  const span = tracer.startSpan(
    `child ${place} <b>'ü'</b>`,
    {
      kind: KINDS[place % KINDS.length],
      links: place % 3 === 0 ? [{ context: root.spanContext(), attributes: { why: "a link" } }] : [],
      attributes: {
        text: "x".repeat(place),
        yes: place % 2 === 0,
        count: -place,
        large: Number.MAX_SAFE_INTEGER - place,
        share: place / 7,
        list: ["a", "ö"],
        numbers: [1, 2, place],
        empty: "",
      },
    },
    trace.setSpan(context.active(), root),
  );
  span.addEvent("something", { at: place, half: 0.5 });
  if (place % 5 === 0) {
    span.recordException(new RangeError(`no ${place}`));
    span.setStatus({ code: SpanStatusCode.ERROR, message: "went wrong" });
  } else if (place % 7 === 0) {
    span.setStatus({ code: SpanStatusCode.OK });
  }
  span.end();
}

function byId(spans: Plain[]): Record<string, Plain> {
  return Object.fromEntries(spans.map((span) => [String(span.id), span]));
}
