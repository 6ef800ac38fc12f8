// How evenly a page moves.

import type { Page } from "@playwright/test";

declare global {
  interface Window {
    /** Milliseconds between frames. */
    frameTimes: number[];
    /** Tasks of more than 50 ms. */
    longTasks: number;
  }
}

/** Milliseconds between frames. */
export interface Frames {
  mean: number;
  p95: number;
}

/** The times between frames while something moves. */
export async function frames(page: Page, move: () => Promise<void>): Promise<Frames> {
  await page.evaluate(() => {
    window.frameTimes = [];
    let last = performance.now();
    const frame = (now: number) => {
      window.frameTimes.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await move();
  return page.evaluate(() => {
    // The first one began before anything moved.
    const times = window.frameTimes.slice(1).sort((one, other) => one - other);
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    return { mean, p95: times[Math.ceil(times.length * 0.95) - 1] ?? Number.POSITIVE_INFINITY };
  });
}

/** How many tasks take more than 50 ms while something happens. */
export async function longTasks(page: Page, happen: () => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    window.longTasks = 0;
    const begun = performance.now();
    const count = (list: PerformanceObserverEntryList) => {
      // A task is told of after its end: one that ended just now began before what is measured.
      window.longTasks += list.getEntries().filter((task) => task.startTime >= begun).length;
    };
    new PerformanceObserver(count).observe({ type: "longtask" });
  });
  await happen();
  return page.evaluate(() => window.longTasks);
}
