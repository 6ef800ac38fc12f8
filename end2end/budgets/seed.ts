// A KAOS of its own for a measurement, with a namespace full of objects.

import { expect } from "@playwright/test";

import { type Kaos, startKaos } from "../tests/kaos.ts";

const API = "apis/kaos.tools/v1alpha1";
const KINDS = { Agent: "agents", ModelAPI: "modelapis", MCPServer: "mcpservers" } as const;
/** Objects that are made at the same time. */
const TOGETHER = 8;
const READY_WITHIN_MS = 120_000;

export interface Thing {
  kind: keyof typeof KINDS;
  name: string;
  spec: object;
}

/** Runs a measurement against a KAOS that nothing else uses, and stops it. */
export async function withKaos(name: string, measure: (kaos: Kaos) => Promise<void>): Promise<void> {
  const kaos = await startKaos(`budgets-${name}`);
  try {
    await measure(kaos);
  } finally {
    await kaos.stop();
  }
}

/** Makes a namespace with these objects, and waits until its agents are ready. */
export async function seed(kaos: Kaos, namespace: string, things: Thing[]): Promise<void> {
  await send(kaos, "POST", "api/v1/namespaces", { metadata: { name: namespace } });
  const waiting = [...things];
  const next = async (): Promise<void> => {
    for (let thing = waiting.shift(); thing !== undefined; thing = waiting.shift()) {
      const { kind, name, spec } = thing;
      const apiVersion = "kaos.tools/v1alpha1";
      const path = `${API}/namespaces/${namespace}/${KINDS[kind]}`;
      await send(kaos, "POST", path, { apiVersion, kind, metadata: { name }, spec });
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, next));
  const agents = async () => {
    const response = await fetch(`${kaos.url}/kube/${API}/namespaces/${namespace}/agents`);
    return ((await response.json()) as { items: { status?: { ready?: boolean } }[] }).items;
  };
  await expect
    .poll(async () => (await agents()).filter(({ status }) => status?.ready !== true).length, {
      message: `agents of ${namespace} that are not ready`,
      timeout: READY_WITHIN_MS,
      intervals: [500],
    })
    .toBe(0);
}

/** A model API that answers at once. */
export function modelApi(name: string): Thing {
  return { kind: "ModelAPI", name, spec: { mode: "Proxy", proxyConfig: { provider: "mock", models: ["*"] } } };
}

/** An agent of that model API. */
export function agent(name: string, modelAPI: string, more: object = {}): Thing {
  return {
    kind: "Agent",
    name,
    spec: { modelAPI, model: "mock/instant", config: { description: `Does its part as ${name}` }, ...more },
  };
}

/** Changes an agent's description, as somebody else would. */
export async function describe(kaos: Kaos, namespace: string, name: string, description: string): Promise<void> {
  const path = `${API}/namespaces/${namespace}/agents/${name}`;
  await send(kaos, "PATCH", path, { spec: { config: { description } } });
}

async function send(kaos: Kaos, method: "POST" | "PATCH", path: string, body: object): Promise<void> {
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const response = await fetch(`${kaos.url}/kube/${path}`, {
    method,
    headers: { "content-type": type },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
}
