// A span as tests of OTLP compare it: as the SDK has it, and as it is stored.

import type { Attributes, AttributeValue, HrTime } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node";

const KAOS = process.env.KAOS_URL ?? "";

export type Plain = Record<string, unknown>;

/** What the SDK has of a span, in the words of these tests. */
export function sent(span: ReadableSpan): Plain {
  return {
    id: span.spanContext().spanId,
    parent: span.parentSpanContext?.spanId ?? "",
    name: span.name,
    // OTLP counts from 1.
    kind: span.kind + 1,
    start: nanoseconds(span.startTime),
    end: nanoseconds(span.endTime),
    attributes: plain(span.attributes),
    status: { code: span.status.code, message: span.status.message ?? "" },
    events: span.events.map(({ name, time, attributes = {} }) => ({
      name,
      time: nanoseconds(time),
      attributes: plain(attributes),
    })),
    links: span.links.map(({ context, attributes = {} }) => ({
      trace: context.traceId,
      span: context.spanId,
      attributes: plain(attributes),
    })),
    resource: plain(span.resource.attributes),
    scope: { name: span.instrumentationScope.name, version: span.instrumentationScope.version ?? "" },
  };
}

export function nanoseconds([seconds, rest]: HrTime): string {
  return String(BigInt(seconds) * 1_000_000_000n + BigInt(rest));
}

function plain(attributes: Attributes): Plain {
  return { ...attributes };
}

/** All spans of a trace that are stored, in the same words. */
export async function stored(traceId: string): Promise<Plain[]> {
  const response = await fetch(`${KAOS}/jaeger/api/v3/traces/${traceId}`);
  const document = (await response.json()) as { result?: { resourceSpans: ResourceSpans[] } };
  return (document.result?.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) => spans.map((span) => ofStore(resource, scope, span))),
  );
}

function ofStore(resource: WithAttributes, scope: Scope, span: StoredSpan): Plain {
  return {
    id: span.spanId,
    parent: span.parentSpanId ?? "",
    name: span.name,
    kind: span.kind,
    start: span.startTimeUnixNano,
    end: span.endTimeUnixNano,
    attributes: values(span),
    status: { code: span.status?.code ?? 0, message: span.status?.message ?? "" },
    events: (span.events ?? []).map((event) => ({
      name: event.name,
      time: event.timeUnixNano,
      attributes: values(event),
    })),
    links: (span.links ?? []).map((link) => ({
      trace: link.traceId,
      span: link.spanId,
      attributes: values(link),
    })),
    resource: values(resource),
    scope: { name: scope.name, version: scope.version ?? "" },
  };
}

interface AnyValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number;
  arrayValue?: { values?: AnyValue[] };
}

interface WithAttributes {
  attributes?: { key: string; value: AnyValue }[];
}

interface Scope {
  name: string;
  version?: string;
}

interface StoredSpan extends WithAttributes {
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status?: { code?: number; message?: string };
  events?: (WithAttributes & { name: string; timeUnixNano: string })[];
  links?: (WithAttributes & { traceId: string; spanId: string })[];
}

interface ResourceSpans {
  resource: WithAttributes;
  scopeSpans: { scope: Scope; spans: StoredSpan[] }[];
}

function values({ attributes = [] }: WithAttributes): Plain {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)]));
}

function valueOf(value: AnyValue): AttributeValue {
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(valueOf) as AttributeValue;
  // JavaScript has one kind of number, and these tests send none that it cannot hold.
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? "";
}
