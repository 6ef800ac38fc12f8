// A session: what was said, its runs and their sums, what each agent remembers, and the end of it.

import { type APIRequestContext } from "@playwright/test";

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { createCalculatingAgent } from "./resources.ts";

interface Answer {
  tokens: number;
  traceId: string;
}

/** Asks in a session, and says what the answer used. */
async function askIn(
  request: APIRequestContext,
  agent: string,
  session: string,
  question: string,
): Promise<Answer> {
  const response = await request.post(`/agents/${NAMESPACE}/${agent}/v1/chat/completions`, {
    headers: { "x-session-id": session },
    data: { messages: [{ role: "user", content: question }] },
  });
  expect(response.status(), await response.text()).toBe(200);
  const { usage } = await response.json();
  const traceId = response.headers()["x-trace-id"] ?? "";
  await expect
    .poll(async () => (await request.get(`/jaeger/api/v3/traces/${traceId}`)).status())
    .toBe(200);
  return { tokens: usage.total_tokens, traceId };
}

test("two messages are two runs of one session, which adds them up", async ({ page, request }) => {
  await createCalculatingAgent(request, "sessional");
  const session = "two-questions";
  const first = await askIn(request, "sessional", session, "What is 1 plus 2?");
  const second = await askIn(request, "sessional", session, "What is 3 plus 4?");
  const total = (first.tokens + second.tokens).toLocaleString("en");

  await page.goto(`/ns/${NAMESPACE}/sessions/${session}`);
  await ready(page);
  const runs = page.getByRole("region", { name: /Runs of this session/ });
  await expect(runs.getByRole("link")).toHaveCount(2);
  for (const { traceId } of [first, second]) {
    await expect(runs.locator(`a[href*="${traceId}"]`)).toHaveCount(1);
  }
  await expect(page.getByText("Tokens", { exact: true }).locator("xpath=..")).toContainText(total);
  await expectAccessible(page);

  await page.goto(`/ns/${NAMESPACE}/sessions?agent=sessional`);
  await ready(page);
  await expect(page.getByRole("row", { name: new RegExp(session) })).toContainText(total);
});

test("what an agent remembers of a session can be read, filtered and forgotten", async ({
  page,
  request,
}) => {
  await createCalculatingAgent(request, "forgetful");
  const session = "to-forget";
  await askIn(request, "forgetful", session, "What is 5 plus 6?");
  await page.goto(`/ns/${NAMESPACE}/agents/forgetful/memory/${session}?view=events`);
  await ready(page);
  const rows = page.getByRole("region", { name: "Events" }).locator("tbody tr");
  await expect(rows.filter({ hasText: "user message" })).toHaveCount(1);
  await page.getByLabel("Type").selectOption("tool_result");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows.first().getByRole("link", { name: "Open span" })).toBeVisible();

  await page.getByRole("button", { name: "Delete session" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete session" }).click();
  await expect(page).toHaveURL(/\/memory$/);
  await expect(page.getByRole("link", { name: new RegExp(session) })).toHaveCount(0);
  const kept = await request.get(`/agents/${NAMESPACE}/forgetful/memory/sessions`);
  expect((await kept.json()).sessions).not.toContain(session);
});
