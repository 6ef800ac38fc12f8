// Where the agents are, and what their traces say. `cargo xtask test --only clients` starts KAOS and the
// scripted model, and says where.

import { expect } from "@playwright/test";
import OpenAI from "openai";

const KAOS = process.env.KAOS_URL ?? "";
const MODEL = process.env.MODEL_URL ?? "";

/** The official client, pointed at an agent; it repeats nothing, so that each failure is seen. */
export function agent(name: string): OpenAI {
  const baseURL = `${KAOS}/agents/clients/${name}/v1`;
  return new OpenAI({ baseURL, apiKey: "none needed", maxRetries: 0 });
}

/** Waits until all agents answer. */
export async function agentsAreReady(): Promise<void> {
  for (const name of ["plain", "slow", "mirror", "caller", "unreachable", "coordinator"]) {
    const status = async () => (await fetch(`${KAOS}/agents/clients/${name}/ready`)).status;
    await expect.poll(status, `the agent ${name}`).toBe(200);
  }
}

/** How many answers the model is giving now. */
export async function answersUnderWay(): Promise<number> {
  return Number(await (await fetch(`${MODEL}/open`)).text());
}

export interface Span {
  name: string;
  isRoot: boolean;
  /** Why it ended, if it says so. */
  finishReason: string | undefined;
}

/** The spans of a trace, once its root is stored. */
export async function trace(id: string): Promise<Span[]> {
  let spans: Span[] = [];
  const isWhole = async () => {
    spans = await stored(id);
    return spans.some((span) => span.isRoot);
  };
  await expect.poll(isWhole, `the trace ${id}`).toBe(true);
  return spans;
}

interface StoredSpan {
  name: string;
  parentSpanId?: string;
  attributes?: { key: string; value: { stringValue?: string } }[];
}

async function stored(id: string): Promise<Span[]> {
  const response = await fetch(`${KAOS}/jaeger/api/v3/traces/${id}`);
  const document = (await response.json()) as {
    result?: { resourceSpans: { scopeSpans: { spans: StoredSpan[] }[] }[] };
  };
  const scopes = (document.result?.resourceSpans ?? []).flatMap((resource) => resource.scopeSpans);
  return scopes
    .flatMap((scope) => scope.spans)
    .map(({ name, parentSpanId, attributes = [] }) => ({
      name,
      isRoot: !parentSpanId,
      finishReason: attributes.find(({ key }) => key === "kaos.finish_reason")?.value.stringValue,
    }));
}
