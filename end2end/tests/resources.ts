// Objects made and questions asked through the API, where a test is about something else.

import { type APIRequestContext, expect } from "@playwright/test";

import { NAMESPACE } from "./fixtures.ts";

const KINDS = { Agent: "agents", ModelAPI: "modelapis", MCPServer: "mcpservers" } as const;
const READY_WITHIN_MS = 30_000;

type Kind = keyof typeof KINDS;

function collection(kind: Kind): string {
  return `/kube/apis/kaos.tools/v1alpha1/namespaces/${NAMESPACE}/${KINDS[kind]}`;
}

/** Creates an object through the Kubernetes API. */
export async function create(
  request: APIRequestContext,
  kind: Kind,
  name: string,
  spec: object,
): Promise<void> {
  const response = await request.post(collection(kind), {
    data: { apiVersion: "kaos.tools/v1alpha1", kind, metadata: { name }, spec },
  });
  expect(response.status(), await response.text()).toBe(201);
}

/** Reads an object through the Kubernetes API. */
export async function read(request: APIRequestContext, kind: Kind, name: string) {
  const response = await request.get(`${collection(kind)}/${name}`);
  expect(response.status(), await response.text()).toBe(200);
  return response.json();
}

/** Waits until the operator says that the object works. */
export async function becomesReady(
  request: APIRequestContext,
  kind: Kind,
  name: string,
): Promise<void> {
  const status = async () => (await read(request, kind, name)).status ?? {};
  await expect
    .poll(async () => (await status()).ready, {
      message: `${kind} ${name} is ready`,
      timeout: READY_WITHIN_MS,
    })
    .toBe(true);
}

/** An agent of our own that answers at once and can add numbers. */
export async function createCalculatingAgent(
  request: APIRequestContext,
  name: string,
): Promise<void> {
  await create(request, "Agent", name, {
    modelAPI: "llm-proxy",
    model: "mock/instant",
    mcpServers: ["calculator"],
    config: { description: "Adds numbers", instructions: "Add what you are asked to add." },
  });
  await becomesReady(request, "Agent", name);
}

/** Asks an agent and waits until the trace of its answer can be read. */
export async function ask(
  request: APIRequestContext,
  agent: string,
  question: string,
): Promise<{ answer: string; traceId: string }> {
  const response = await request.post(`/agents/${NAMESPACE}/${agent}/v1/chat/completions`, {
    data: { model: agent, messages: [{ role: "user", content: question }] },
  });
  expect(response.status(), await response.text()).toBe(200);
  const body = await response.json();
  const traceId = response.headers()["x-trace-id"] ?? "";
  expect(traceId, "the answer names its trace").toMatch(/^[0-9a-f]{32}$/);
  await expect
    .poll(async () => (await request.get(`/jaeger/api/v3/traces/${traceId}`)).status(), {
      message: `trace ${traceId} is stored`,
    })
    .toBe(200);
  return { answer: body.choices[0].message.content, traceId };
}
