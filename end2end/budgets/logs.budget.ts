// How evenly many lines of logs scroll, and how the page bears many that arrive.

import { NAMESPACE, expect, ready, test } from "../tests/fixtures.ts";
import { sendLogs } from "../tests/otlp.ts";
import { expectWithin } from "./budget.ts";
import { longTasks } from "./frames.ts";
import { measureScroll } from "./scroll.ts";

const LINES = 100_000;
const PER_SECOND = 500;
const SECONDS = 60;

test.setTimeout(300_000);

test("100,000 lines of logs", async ({ page, request }) => {
  await sendLogs(request, "loud", LINES);
  await page.goto(`/ns/${NAMESPACE}/logs?agent=loud&range=all`);
  await ready(page);
  const all = page.getByTestId("log-lines");
  const begun = performance.now();
  await all.getByRole("button", { name: "Scroll through all lines" }).click();
  await expect(all).toHaveAttribute("data-state", "read", { timeout: 60_000 });
  const loaded = performance.now() - begun;
  await expect(all).toContainText("100,000 lines.");
  expectWithin({ id: "B19", what: "100,000 log lines: read", unit: "ms", target: 2_000, limit: 4_000 }, loaded);
  await measureScroll(page, '[data-testid="log-lines"] [role="region"]', "B19", "100,000 log lines: scroll");
});

test("500 lines of logs a second for a minute", async ({ page, request }) => {
  await page.goto(`/ns/${NAMESPACE}/logs?agent=torrent`);
  await ready(page);
  const tail = page.getByTestId("log-tail");
  await tail.getByRole("button", { name: "Follow live" }).click();
  const tasks = await longTasks(page, async () => {
    for (let second = 0; second < SECONDS; second += 1) {
      const begun = performance.now();
      await sendLogs(request, "torrent", PER_SECOND, 1 + second * PER_SECOND);
      await page.waitForTimeout(Math.max(0, 1_000 - (performance.now() - begun)));
    }
    // What is let go of is said.
    await expect(tail).toContainText("30000 lines arrived; the newest 500 are shown.", { timeout: 30_000 });
  });
  await expect(tail.getByTestId("log-row").first()).toContainText("line 30000");
  expectWithin({ id: "B19", what: "tasks over 50 ms in a minute of 500 lines/s", unit: "tasks", target: 0, limit: 2 }, tasks);
});
