// A team made by forms alone: a model API with a key, tools, a tool tried, and three agents.

import type { Page } from "@playwright/test";

import { expect, expectAccessible, ready, test } from "./fixtures.ts";

const TEAM = "deployed";
const KEY = "sk-test-123";
const API = `/kube/apis/kaos.tools/v1alpha1/namespaces/${TEAM}`;

/** The YAML beside a form, once the server has said what it would do. */
const yaml = (page: Page) => page.getByRole("region", { name: "YAML" });

/** Waits for the state that the page hears of over its live connection. */
async function becomesReadyOnPage(page: Page): Promise<void> {
  await expect(page.getByRole("main").getByText("Ready", { exact: true }).first()).toBeVisible({
    timeout: 30_000,
  });
}

test.describe.configure({ mode: "serial" });

test.beforeAll(async ({ kaos, playwright }) => {
  const request = await playwright.request.newContext({ baseURL: kaos.url });
  const made = await request.post("/kube/api/v1/namespaces", { data: { metadata: { name: TEAM } } });
  expect(made.status()).toBe(201);
  await request.dispose();
});

test("a model API with a new key becomes ready, and the key is nowhere on the page", async ({
  page,
  request,
}) => {
  await page.goto(`/ns/${TEAM}/modelapis/new`);
  await ready(page);
  await page.getByLabel("Name", { exact: true }).fill("llm-proxy");
  await page.getByLabel(/^Provider/).fill("nebius");
  await page.getByRole("textbox", { name: /^Models/ }).fill("*");
  await page.getByText("New secret for the key").click();
  await page.getByLabel("Secret's name").fill("llm-api-key");
  await page.getByLabel("Secret's key").fill("api-key");
  await page.getByLabel(/^Value/).fill(KEY);
  for (const words of [
    "apiVersion: kaos.tools/v1alpha1",
    "kind: ModelAPI",
    "mode: Proxy",
    "name: llm-api-key",
    "key: api-key",
  ]) {
    await expect(yaml(page)).toContainText(words);
  }
  await expect(yaml(page)).not.toContainText(KEY);
  expect(await page.content()).not.toContain(KEY);
  const shown = await yaml(page).innerText();
  await page.getByRole("button", { name: "Create model API" }).click();

  await expect(page).toHaveURL(new RegExp(`/ns/${TEAM}/modelapis/llm-proxy$`));
  await becomesReadyOnPage(page);
  expect(await page.content()).not.toContain(KEY);
  const secret = await (await request.get(`/kube/api/v1/namespaces/${TEAM}/secrets/llm-api-key`)).json();
  expect(Buffer.from(secret.data["api-key"], "base64").toString()).toBe(KEY);
  const made = await (await request.get(`${API}/modelapis/llm-proxy`)).json();
  expect(made.spec.proxyConfig.provider).toBe("nebius");
  expect(made.spec.proxyConfig.models).toEqual(["*"]);
  // It is what the YAML said, as the API itself reads that.
  const again = await request.post(`${API}/modelapis?dryRun=All`, {
    headers: { "content-type": "application/yaml" },
    data: shown.replace("name: llm-proxy", "name: llm-again"),
  });
  expect(again.status(), await again.text()).toBe(201);
  expect((await again.json()).spec).toEqual(made.spec);
  await expectAccessible(page);
});

/** Beside the form of an MCP server: what its functions will be. */
const tools = (page: Page) => page.locator(".form-check-tools li");

const SERVERS = {
  calculator: ['def add(a: float, b: float) -> float:', '    """Add two numbers together."""', "    return a + b"],
  "echo-search": ['def echo(message: str) -> str:', '    """Echo back the message."""', "    return message"],
};

const LISTED: Record<string, string> = {
  calculator: "add(a: number, b: number) Add two numbers together.",
  "echo-search": "echo(message: string) Echo back the message.",
};

test("tools written as functions become ready, and the list names them", async ({ page }) => {
  for (const [name, lines] of Object.entries(SERVERS)) {
    await page.goto(`/ns/${TEAM}/mcpservers/new`);
    await ready(page);
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Runtime", { exact: true }).fill("python-string");
    await page.getByRole("textbox", { name: /^Parameters/ }).fill(lines.join("\n"));
    await expect(tools(page)).toHaveText([LISTED[name] ?? ""]);
    await page.getByRole("button", { name: "Create MCP server" }).click();
    await expect(page).toHaveURL(new RegExp(`/mcpservers/${name}$`));
    await becomesReadyOnPage(page);
  }
  await page.goto(`/ns/${TEAM}/mcpservers`);
  await ready(page);
  await expect(page.getByRole("row", { name: /calculator/ })).toContainText("add");
  await expect(page.getByRole("row", { name: /echo-search/ })).toContainText("echo");
});

test.describe("functions that are no Python", () => {
  test.use({ toleratedErrors: [/status of 422/] });

  test("say which line at their field, and are created only when that is meant", async ({
    page,
    request,
  }) => {
    await page.goto(`/ns/${TEAM}/mcpservers/new`);
    await ready(page);
    await page.getByLabel("Name", { exact: true }).fill("broken");
    await page.getByLabel("Runtime", { exact: true }).fill("python-string");
    const params = page.getByRole("textbox", { name: /^Parameters/ });
    await params.fill("def add(a: float):\n    return (a +");
    await expect(page.locator("#params-error")).toContainText("line 2: ");
    await page.getByRole("button", { name: "Create MCP server" }).click();
    await expect(page.locator("#form-problems")).toBeFocused();
    await expect(params).toHaveAttribute("aria-invalid", "true");
    await expect(page.locator("#params-error")).toContainText("line 2: ");
    expect((await request.get(`${API}/mcpservers/broken`)).status()).toBe(404);
    await page.getByRole("checkbox", { name: /Write them all the same/ }).check();
    await page.getByRole("button", { name: "Create MCP server" }).click();
    await expect(page).toHaveURL(/\/mcpservers\/broken(#params)?$/);
    expect((await request.delete(`${API}/mcpservers/broken`)).status()).toBe(200);
  });
});

test("a tool is called, its call is a link, and the history stays", async ({ page }) => {
  await page.goto(`/ns/${TEAM}/mcpservers/calculator/tools/add`);
  await ready(page);
  const [a, b] = [page.getByRole("spinbutton", { name: /^a\b/ }), page.getByRole("spinbutton", { name: /^b\b/ })];
  const posted: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST") posted.push(request.url());
  });
  await page.getByRole("button", { name: "Call", exact: true }).click();
  for (const field of [a, b]) await expect(field).toHaveAttribute("aria-invalid", "true");
  expect(posted, "what is sent while a field is missing").toEqual([]);
  await a.fill("2");
  await b.fill("2");
  await page.getByRole("button", { name: "Call", exact: true }).click();
  const result = page.getByRole("region", { name: "Result" });
  await expect(result).toContainText("Success");
  await expect(result).toContainText("4");
  await expect(result).toContainText(/\d+ ms/);
  const history = page.locator(".call-list li");
  await expect(history).toHaveCount(1);
  await page.reload();
  await expect(history).toHaveCount(1);

  await history.getByRole("link", { name: "Again" }).click();
  await expect(page).toHaveURL(/args=/);
  await expect(a).toHaveValue("2");
  await expect(b).toHaveValue("2");
});

const AGENTS = [
  { name: "researcher", servers: ["echo-search"], peers: [] },
  { name: "analyst", servers: ["calculator"], peers: [] },
  { name: "coordinator", servers: [], peers: ["researcher", "analyst"] },
];

test("three agents are deployed, and have no field that nobody set", async ({ page, request }) => {
  test.setTimeout(120_000);
  for (const { name, servers, peers } of AGENTS) {
    await page.goto(`/ns/${TEAM}/agents/new`);
    await ready(page);
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Model API", { exact: true }).selectOption("llm-proxy");
    await page.getByLabel("Model", { exact: true }).fill("mock/instant");
    for (const one of [...servers, ...peers]) {
      await page.getByRole("checkbox", { name: new RegExp(`^${one}`) }).check();
    }
    await page.getByRole("button", { name: "Create agent", exact: true }).click();
    await expect(page).toHaveURL(new RegExp(`/agents/${name}$`));
  }
  await page.goto(`/ns/${TEAM}/agents`);
  await ready(page);
  for (const { name } of AGENTS) {
    await expect(page.getByRole("row", { name: new RegExp(`\\b${name}\\b`) }).first()).toContainText("Ready", {
      timeout: 30_000,
    });
  }
  const { spec } = await (await request.get(`${API}/agents/coordinator`)).json();
  expect(spec).toEqual({
    modelAPI: "llm-proxy",
    model: "mock/instant",
    // In the order of the form.
    agentNetwork: { access: ["analyst", "researcher"] },
  });
});
