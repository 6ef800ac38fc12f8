// One trace, as a person reads it: with the pointer, with keys, and while its run goes on.

import { type APIRequestContext, type Page } from "@playwright/test";

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { sendTrace } from "./otlp.ts";
import { ask } from "./resources.ts";

const QUESTION =
  "Research the current AI chip market and calculate the market share of the top 3 companies.";

const tree = (page: Page) => page.getByRole("treegrid", { name: "Spans" });
const row = (page: Page, name: string) =>
  tree(page).getByTestId("span-row").filter({ hasText: name });
const chosen = (page: Page) => tree(page).locator('[aria-selected="true"]');
const panel = (page: Page) => page.getByTestId("span-panel");

async function openTrace(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await ready(page);
  await expect(tree(page)).toBeVisible();
}

async function coordinatorsTrace(request: APIRequestContext): Promise<string> {
  const { traceId } = await ask(request, "coordinator", QUESTION);
  return `/traces/${traceId}`;
}

test("a trace is read with the pointer: panel, folding, transport, zoom, and all of it in the address", async ({
  page,
  request,
}) => {
  await openTrace(page, await coordinatorsTrace(request));
  await expect(page.getByTestId("trace-outcome")).toContainText("Completed");
  await expect(page.getByTestId("flame-canvas")).toBeVisible();

  await row(page, "echo").first().click();
  await expect(panel(page).getByRole("heading", { name: /tool\.echo/ })).toBeVisible();
  await expect(page).toHaveURL(/span=[0-9a-f]{16}/);
  await panel(page).getByRole("link", { name: /^Attributes/ }).click();
  await expect(page).toHaveURL(/side=attributes/);
  await expect(panel(page)).toContainText("gen_ai.tool.call.id");

  const rows = async () => Number(await tree(page).getAttribute("aria-rowcount"));
  const before = await rows();
  await page.getByRole("button", { name: "Transport" }).click();
  await expect.poll(rows).toBeGreaterThan(before);
  await expect(page).toHaveURL(/transport=1/);
  await page.getByRole("button", { name: "Transport" }).click();
  await expect.poll(rows).toBe(before);

  await row(page, "→ researcher").first().locator(".span-fold").click();
  await expect(row(page, "→ researcher").first()).toHaveAttribute("aria-expanded", "false");
  await expect.poll(rows).toBeLessThan(before);

  await row(page, "→ analyst").first().locator(".span-time").dblclick();
  await expect(page).toHaveURL(/zoom=/);
  const address = page.url();
  await page.reload();
  await ready(page);
  await expect(tree(page)).toBeVisible();
  expect(page.url()).toBe(address);
  await expect(page.getByRole("button", { name: "Whole trace" })).toBeVisible();
  await expect(chosen(page)).toContainText("→ analyst");
  await expectAccessible(page);
});

test("a trace is read with keys alone", async ({ page, request }) => {
  await openTrace(page, await coordinatorsTrace(request));
  const rows = async () => Number(await tree(page).getAttribute("aria-rowcount"));
  const all = await rows();
  await row(page, "agent loop").first().focus();
  await page.keyboard.press("Home");
  await expect(chosen(page)).toHaveAttribute("aria-rowindex", "1");
  await expect(chosen(page)).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(chosen(page)).toHaveAttribute("aria-rowindex", "2");
  await page.keyboard.press("ArrowLeft");
  await expect(chosen(page)).toHaveAttribute("aria-expanded", "false");
  await page.keyboard.press("ArrowRight");
  await expect(chosen(page)).toHaveAttribute("aria-expanded", "true");
  await page.keyboard.press("End");
  await expect(chosen(page)).toHaveAttribute("aria-rowindex", String(all));
  await expect(chosen(page)).toBeFocused();

  await page.keyboard.press("x");
  await expect.poll(rows).toBe(1);
  await page.keyboard.press("Shift+X");
  await expect.poll(rows).toBe(all);
  await page.keyboard.press("s");
  await expect(chosen(page)).toBeFocused();
  const answer = page.getByTestId("trace-answer").getByRole("link");
  const slowest = new URL((await answer.getAttribute("href")) ?? "", page.url());
  await expect(chosen(page)).toHaveAttribute(
    "data-span-id",
    slowest.searchParams.get("span") ?? "none",
  );

  await page.keyboard.press("z");
  await expect(page).toHaveURL(/zoom=/);
  await page.keyboard.press("Shift+Z");
  await expect(page).not.toHaveURL(/zoom=/);
  await page.keyboard.press("l");
  await expect(page).toHaveURL(/side=logs/);
  await page.keyboard.press("Enter");
  await expect(panel(page).locator(":focus")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(chosen(page)).toBeFocused();

  await page.keyboard.press("/");
  await page.keyboard.type("kind:delegate");
  await expect(page.getByText("2 found")).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByText("1/2")).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByText("2/2")).toBeVisible();
  await expect(chosen(page)).toHaveAttribute("data-kind", "delegate");
});

test("a trace of 10,000 spans has all of them at hand and few in the page", async ({
  page,
  request,
}) => {
  const id = await sendTrace(request, 10_000);
  await openTrace(page, `/traces/${id}`);
  await expect(tree(page)).toHaveAttribute("aria-rowcount", "10000");
  await row(page, "agent loop").first().focus();
  await page.keyboard.press("End");
  await expect(chosen(page)).toHaveAttribute("aria-rowindex", "10000");
  await expect(chosen(page)).toBeInViewport();
  expect(await page.getByTestId("span-row").count()).toBeLessThan(80);
  await page.keyboard.press("e");
  await expect(chosen(page)).toHaveAttribute("data-status", "error");
  await expect(panel(page)).toContainText("no results");
});

test("a run is drawn while it goes on, beside its conversation and on its page, and ends as the fresh picture", async ({
  context,
  page,
}) => {
  await page.goto(`/ns/${NAMESPACE}/agents/coordinator/chat`);
  await ready(page);
  await page.getByLabel("Message coordinator").fill(QUESTION);
  await page.getByLabel("Message coordinator").press("Enter");
  const open = (where: Page) => tree(where).locator('[data-status="running"]');
  await expect(open(page).first()).toBeVisible();

  const link = page.getByRole("link", { name: "Open trace" }).last();
  const path = (await link.getAttribute("href")) ?? "";
  const other = await context.newPage();
  await openTrace(other, path);
  await expect(other.getByTestId("trace-outcome")).toContainText("Running");
  await expect(open(other).first()).toBeVisible();
  await expect(row(other, "→ researcher").first()).toBeVisible();
  await expect(row(other, "missing parent")).toHaveCount(0);

  await expect(other.getByTestId("trace-outcome")).toContainText("Completed", { timeout: 40_000 });
  await expect(open(other)).toHaveCount(0);
  const ids = (where: Page) =>
    tree(where)
      .getByTestId("span-row")
      .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-span-id")));
  const live = await ids(other);
  const beside = await ids(page);
  await other.reload();
  await ready(other);
  await expect(tree(other)).toBeVisible();
  expect(live).toEqual(await ids(other));
  expect(beside.sort()).toEqual([...live].sort());
});

test("a step is on the page soon after it began", async ({ page }) => {
  await page.goto(`/ns/${NAMESPACE}/agents/coordinator/chat`);
  await ready(page);
  // The page notes when it hears of a span and when the span's row is there.
  await page.evaluate(() => {
    const seen: Record<string, number> = {};
    Object.assign(window, { seen });
    const look = () => {
      for (const row of document.querySelectorAll("[data-testid=span-row]")) {
        const id = row.getAttribute("data-span-id");
        if (id !== null && !(id in seen)) seen[id] = Date.now();
      }
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  });
  await page.getByLabel("Message coordinator").fill(QUESTION);
  await page.getByLabel("Message coordinator").press("Enter");
  const answer = page.locator('[data-testid="chat-message"][data-role="assistant"]').last();
  await expect(answer).toHaveAttribute("data-state", "done", { timeout: 40_000 });
  const run = await answer.getAttribute("data-run-id");
  const events = (await (await page.request.get(`/api/runs/${run}/events?after=0`)).text())
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => JSON.parse(line.slice("data:".length)) as Record<string, unknown>)
    .filter((event) => /^(step|model|tool|delegate)\.started$/.test(String(event.type)));
  expect(events.length).toBeGreaterThan(5);
  const seen = await page.evaluate(() => (window as unknown as { seen: Record<string, number> }).seen);
  const late = events.map((event) => (seen[String(event.span_id)] ?? Infinity) - Number(event.at_ms));
  late.sort((one, other) => one - other);
  console.log(`steps were on the page after ${late.join(", ")} ms`);
  // Every step was drawn while the run went on; how soon is measured, not asserted here.
  expect(late.filter((ms) => !Number.isFinite(ms))).toEqual([]);
});
