// Runs whose every duration is known, sent as any program would send them: OTLP over HTTP.

import { randomBytes } from "node:crypto";

import { type APIRequestContext, expect } from "@playwright/test";

import { NAMESPACE } from "./fixtures.ts";

export interface Market {
  /** What the user asks. */
  question: string;
  session: string;
  /** How long the search takes. */
  searchMs: number;
  /** When the run begins, in milliseconds since the epoch. */
  startMs: number;
}

/** The run of the market question: three agents, six model calls, two tools, two delegations. */
export async function sendMarket(request: APIRequestContext, market: Market): Promise<string> {
  const traceId = randomBytes(16).toString("hex");
  const spans = new Map<string, object[]>();
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const number = (key: string, value: number) => ({ key, value: { intValue: String(value) } });
  let at = market.startMs;

  const add = (service: string, name: string, parent: string, ms: [number, number], attributes: object[]) => {
    const spanId = randomBytes(8).toString("hex");
    const ns = (time: number) => `${BigInt(Math.round(time)) * 1_000_000n}`;
    const span = {
      traceId,
      spanId,
      parentSpanId: parent,
      name,
      kind: 1,
      startTimeUnixNano: ns(ms[0]),
      endTimeUnixNano: ns(ms[1]),
      attributes,
    };
    spans.set(service, [...(spans.get(service) ?? []), span]);
    return spanId;
  };
  const asked = JSON.stringify([{ role: "user", content: market.question }]);
  const model = (service: string, parent: string) => {
    const begin = at;
    at += 200;
    add(service, "model.inference", parent, [begin, at], [
      text("gen_ai.operation.name", "chat"),
      text("gen_ai.request.model", "gpt-4o"),
      text("gen_ai.input.messages", asked),
      number("gen_ai.usage.input_tokens", 100),
      number("gen_ai.usage.output_tokens", 10),
    ]);
  };
  const end = market.startMs + 6 * 200 + market.searchMs + 100;
  const loop = (service: string, parent: string, until: number) =>
    add(service, "agent.agentic_loop", parent, [at, until], [
      text("agent.name", service),
      text("session.id", market.session),
    ]);

  const root = loop("coordinator", "", end);
  model("coordinator", root);
  const researched = at + 400 + market.searchMs;
  const toResearcher = add("coordinator", "delegate.researcher", root, [at, researched], []);
  const researcher = loop("researcher", toResearcher, researched);
  model("researcher", researcher);
  add("researcher", "tool.web_search", researcher, [at, at + market.searchMs], [text("tool.name", "web_search")]);
  at += market.searchMs;
  model("researcher", researcher);
  const analysed = at + 450;
  const toAnalyst = add("coordinator", "delegate.analyst", root, [at, analysed], []);
  const analyst = loop("analyst", toAnalyst, analysed);
  model("analyst", analyst);
  add("analyst", "tool.add", analyst, [at, at + 50], [text("tool.name", "add")]);
  at += 50;
  model("analyst", analyst);
  model("coordinator", root);

  const resourceSpans = [...spans].map(([service, of]) => ({
    resource: { attributes: [text("service.name", service), text("service.namespace", NAMESPACE)] },
    scopeSpans: [{ spans: of }],
  }));
  const response = await request.post("/v1/traces", { data: { resourceSpans } });
  expect(response.status(), await response.text()).toBe(200);
  return traceId;
}
