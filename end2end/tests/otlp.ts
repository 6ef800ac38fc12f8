// Traces and logs of any size, sent as any program would send them: OTLP over HTTP, as JSON.

import { randomBytes } from "node:crypto";

import { type APIRequestContext, expect } from "@playwright/test";

const SPANS_PER_REQUEST = 5_000;
const LINES_PER_REQUEST = 10_000;
const MS = 1_000_000n;

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status: { code: number; message?: string };
}

/** Sends a trace of so many spans and says its id: a loop of steps, each with calls in it. */
export async function sendTrace(request: APIRequestContext, nSpans: number): Promise<string> {
  const traceId = randomBytes(16).toString("hex");
  const spans = spansOf(traceId, nSpans);
  for (let from = 0; from < spans.length; from += SPANS_PER_REQUEST) {
    const part = spans.slice(from, from + SPANS_PER_REQUEST);
    const response = await request.post("/v1/traces", { data: exported(part) });
    expect(response.status(), await response.text()).toBe(200);
  }
  return traceId;
}

function spansOf(traceId: string, nSpans: number): Span[] {
  const begin = BigInt(Date.now() - 60_000) * MS;
  const id = (place: number) => (place + 1).toString(16).padStart(16, "0");
  const span = (place: number, parent: number | null, name: string, from: number, to: number) => ({
    traceId,
    spanId: id(place),
    ...(parent === null ? {} : { parentSpanId: id(parent) }),
    name,
    kind: 1,
    startTimeUnixNano: String(begin + BigInt(from) * MS),
    endTimeUnixNano: String(begin + BigInt(to) * MS),
    // One in a thousand fails.
    status: place % 1_000 === 999 ? { code: 2, message: "no results" } : { code: 1 },
  });
  const nSteps = Math.ceil((nSpans - 1) / 10);
  const spans: Span[] = [span(0, null, "agent.agentic_loop", 0, nSteps * 20)];
  for (let step = 0; spans.length < nSpans; step += 1) {
    const place = spans.length;
    const from = step * 20;
    spans.push(span(place, 0, `agent.step.${step + 1}`, from, from + 20));
    for (let call = 0; call < 9 && spans.length < nSpans; call += 1) {
      const name = call % 3 === 0 ? "model.inference" : `tool.tool_${call}`;
      spans.push(span(spans.length, place, name, from + call * 2, from + call * 2 + 2));
    }
  }
  return spans;
}

function exported(spans: Span[]): object {
  const resource = resourceOf("big");
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "test" }, spans }] }] };
}

function resourceOf(service: string): object {
  return {
    attributes: [
      { key: "service.name", value: { stringValue: service } },
      { key: "service.namespace", value: { stringValue: "kaos-hierarchy" } },
    ],
  };
}

/** Sends so many lines of a service, a millisecond after the other, the last one now: `line 1` and on. */
export async function sendLogs(
  request: APIRequestContext,
  service: string,
  nLines: number,
  first = 1,
): Promise<void> {
  const resource = resourceOf(service);
  const begin = BigInt(Date.now() - nLines) * MS;
  for (let from = 0; from < nLines; from += LINES_PER_REQUEST) {
    const length = Math.min(LINES_PER_REQUEST, nLines - from);
    const logRecords = Array.from({ length }, (_, n) => ({
      timeUnixNano: String(begin + BigInt(from + n) * MS),
      severityNumber: 9,
      severityText: "INFO",
      body: { stringValue: `line ${first + from + n}` },
    }));
    const data = { resourceLogs: [{ resource, scopeLogs: [{ scope: { name: "test" }, logRecords }] }] };
    const response = await request.post("/v1/logs", { data });
    expect(response.status(), await response.text()).toBe(200);
  }
}
