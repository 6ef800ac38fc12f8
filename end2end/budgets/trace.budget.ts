// How soon a large trace can be read, how evenly it scrolls, and how much of it is sent.

import { gzipSync } from "node:zlib";

import type { Page } from "@playwright/test";

import { NAMESPACE, expect, ready, test } from "../tests/fixtures.ts";
import { sendTrace } from "../tests/otlp.ts";
import { becomesReady } from "../tests/resources.ts";
import { expectWithin, median, percentile } from "./budget.ts";
import { measureScroll } from "./scroll.ts";

const OPENINGS = 5;
const SPANS = '[role="treegrid"]';

test.setTimeout(300_000);

/** From the beginning of the navigation, in milliseconds, until something is true of the page. */
async function since(page: Page, path: string, isThere: () => Promise<unknown>): Promise<number> {
  await page.goto("about:blank");
  const begun = performance.now();
  await page.goto(path, { waitUntil: "commit" });
  await isThere();
  return performance.now() - begun;
}

const rows = (page: Page) => page.getByTestId("span-row");
const grid = (page: Page) => page.getByRole("treegrid", { name: "Spans" });

/** From what a reader does to the frame that shows what it did, in the page's own milliseconds. */
async function nextPaint(page: Page, event: string, act: () => Promise<unknown>): Promise<number> {
  // In an object, so that it is there before the event and waited for after it.
  const painted = await page.evaluateHandle(
    (event) => ({
      ms: new Promise<number>((done) => {
        const begin = ({ timeStamp }: Event) =>
          requestAnimationFrame(() => setTimeout(() => done(performance.now() - timeStamp), 0));
        addEventListener(event, begin, { capture: true, once: true });
      }),
    }),
    event,
  );
  await act();
  return painted.evaluate(({ ms }) => ms);
}

test("a trace of 10,000 spans", async ({ page, request }) => {
  const id = await sendTrace(request, 10_000);
  const path = `/traces/${id}`;
  const readable: number[] = [];
  const interactive: number[] = [];
  for (let n = 0; n < OPENINGS; n += 1) {
    readable.push(await since(page, path, () => rows(page).nth(23).waitFor()));
    interactive.push(await since(page, path, () => grid(page).waitFor()));
  }
  const readableMs = median(readable);
  expectWithin({ id: "B8", what: "10,000 spans: first rows", unit: "ms", target: 400, limit: 800 }, readableMs);
  const interactiveMs = median(interactive);
  expectWithin({ id: "B9", what: "10,000 spans: interactive", unit: "ms", target: 700, limit: 1_500 }, interactiveMs);

  await ready(page);
  await measureScroll(page, SPANS, "B10", "10,000 spans: scroll");

  await rows(page).first().focus();
  const paints = [
    await nextPaint(page, "keydown", () => page.keyboard.press("x")),
    await nextPaint(page, "keydown", () => page.keyboard.press("Shift+X")),
    await nextPaint(page, "click", () => page.getByRole("button", { name: "By service" }).click()),
    await nextPaint(page, "input", () => page.getByLabel("Search spans").fill("status:error")),
  ];
  const worst = percentile(paints, 100);
  expectWithin({ id: "B11", what: "10,000 spans: fold, search, colour", unit: "ms", target: 30, limit: 100 }, worst);

  const skeleton = await (await request.get(`${path}/skeleton`)).body();
  const kB = gzipSync(skeleton).length / 1000;
  expectWithin({ id: "B12", what: "10,000 spans: skeleton", unit: "kB", target: 200, limit: 300 }, kB);

  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const MB = usedSize / 1_000_000;
  expectWithin({ id: "B13", what: "10,000 spans: heap", unit: "MB", target: 60, limit: 120 }, MB);
});

test("a trace of 100,000 spans", async ({ page, request }) => {
  const id = await sendTrace(request, 100_000);
  const opened = await since(page, `/traces/${id}`, () => grid(page).waitFor({ timeout: 60_000 }));
  expectWithin({ id: "B14", what: "100,000 spans: open", unit: "ms", target: 2_000, limit: 4_000 }, opened);
  await ready(page);
  await expect(grid(page)).toHaveAttribute("aria-rowcount", "100000");
  await measureScroll(page, SPANS, "B14", "100,000 spans: scroll");
});

test("a span that ended in an agent", async ({ page, request }) => {
  for (const agent of ["researcher", "analyst", "coordinator"]) {
    await becomesReady(request, "Agent", agent);
  }
  await page.goto(`/ns/${NAMESPACE}/agents/coordinator/chat`);
  await ready(page);
  // The page notes when a row is first seen, and when it is first seen as ended.
  await page.evaluate(() => {
    const begun: Record<string, number> = {};
    const ended: Record<string, number> = {};
    Object.assign(window, { begun, ended });
    const look = () => {
      for (const row of document.querySelectorAll("[data-testid=span-row]")) {
        const id = row.getAttribute("data-span-id") ?? "";
        begun[id] ??= Date.now();
        if (row.getAttribute("data-status") !== "running") ended[id] ??= Date.now();
      }
    };
    new MutationObserver(look).observe(document.body, {
      attributes: true,
      childList: true,
      subtree: true,
    });
  });
  await page.getByLabel("Message coordinator").fill("Who leads the market for AI chips?");
  await page.getByLabel("Message coordinator").press("Enter");
  const answer = page.locator('[data-testid="chat-message"][data-role="assistant"]').last();
  await expect(answer).toHaveAttribute("data-state", "done", { timeout: 60_000 });
  const run = await answer.getAttribute("data-run-id");
  const told = await (await request.get(`/api/runs/${run}/events?after=0`)).text();
  const events = told
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => JSON.parse(line.slice("data:".length)) as Record<string, unknown>);
  const [begun, ended] = await page.evaluate(() => {
    const seen = window as unknown as Record<"begun" | "ended", Record<string, number>>;
    return [seen.begun, seen.ended];
  });
  const late = (pattern: RegExp, seen: Record<string, number>) =>
    events
      .filter((event) => pattern.test(String(event.type)))
      .map((event) => (seen[String(event.span_id)] ?? Number.POSITIVE_INFINITY) - Number(event.at_ms));
  const started = percentile(late(/^(step|model|tool|delegate)\.started$/, begun ?? {}), 95);
  const finished = percentile(late(/^(model|tool|delegate)\.finished$/, ended ?? {}), 95);
  expectWithin({ id: "B15", what: "a step on screen after it began", unit: "ms", target: 250, limit: 250 }, started);
  expectWithin({ id: "B15", what: "a span on screen after it ended", unit: "ms", target: 500, limit: 2_000 }, finished);
});
