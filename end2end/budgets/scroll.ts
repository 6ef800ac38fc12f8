// How evenly a window of many rows scrolls.

import type { Page } from "@playwright/test";

import { expectWithin } from "./budget.ts";
import { frames, longTasks } from "./frames.ts";

const FRAMES = 180;
const PIXELS = 240;

/** Scrolls what a selector names for three seconds, and puts three rows into the table. */
export async function measureScroll(page: Page, selector: string, id: string, what: string): Promise<void> {
  let measured = { mean: Number.POSITIVE_INFINITY, p95: Number.POSITIVE_INFINITY };
  const tasks = await longTasks(page, async () => {
    measured = await frames(page, () => scroll(page, selector));
  });
  const { mean, p95 } = measured;
  expectWithin({ id, what: `${what}, mean frame`, unit: "ms", target: 16.7, limit: 17.5 }, mean);
  expectWithin({ id, what: `${what}, P95 frame`, unit: "ms", target: 16.9, limit: 20 }, p95);
  expectWithin({ id, what: `${what}, long tasks`, unit: "tasks", target: 0, limit: 0 }, tasks);
}

async function scroll(page: Page, selector: string): Promise<void> {
  await page.evaluate(
    ([rows, n, by]) =>
      new Promise<void>((done) => {
        const scroller = document.querySelector(rows);
        let left = n;
        const step = () => {
          scroller?.scrollBy(0, by);
          left -= 1;
          if (left > 0) requestAnimationFrame(step);
          else done();
        };
        requestAnimationFrame(step);
      }),
    [selector, FRAMES, PIXELS] as const,
  );
}
