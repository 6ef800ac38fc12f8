// What a browser says about the loading of a page.

import type { Browser, BrowserContext, Page } from "@playwright/test";

/** Milliseconds since the page was asked for, unless said otherwise. */
export interface Load {
  firstPaint: number;
  largestPaint: number;
  interactive: number;
  /** How far things moved after they were drawn, as Web Vitals counts it. */
  shift: number;
  /** What tasks took beyond 50 ms, together. */
  blocked: number;
}

/** How long a page is watched after it answers to clicks: what comes late must not move anything. */
const WATCHED_MS = 300;

declare global {
  interface Window {
    load: { interactive: number; largestPaint: number; shift: number; blocked: number };
  }
}

/** A window with an empty cache. */
export async function newVisitor(browser: Browser, baseURL: string): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL });
  await context.addInitScript(observe);
  return context;
}

/** Opens a page and measures until nothing more is expected to happen. */
export async function load(page: Page, path: string): Promise<Load> {
  await page.goto(path);
  await page.waitForFunction(() => window.load.interactive > 0, undefined, { timeout: 30_000 });
  await page.waitForTimeout(WATCHED_MS);
  return page.evaluate(() => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    return { firstPaint: paint?.startTime ?? Number.POSITIVE_INFINITY, ...window.load };
  });
}

/** Runs in the page, before anything of the page does. */
function observe(): void {
  window.load = { interactive: 0, largestPaint: 0, shift: 0, blocked: 0 };
  const on = (type: string, hear: (entry: PerformanceEntry) => void) =>
    new PerformanceObserver((list) => list.getEntries().forEach(hear)).observe({
      type,
      buffered: true,
    });
  on("largest-contentful-paint", (entry) => (window.load.largestPaint = entry.startTime));
  on("longtask", (entry) => (window.load.blocked += entry.duration - 50));
  on("layout-shift", (entry) => {
    const { value, hadRecentInput } = entry as PerformanceEntry & {
      value: number;
      hadRecentInput: boolean;
    };
    if (!hadRecentInput) window.load.shift += value;
  });
  new MutationObserver(() => {
    const isReady = document.documentElement?.dataset.hydrated === "true";
    if (isReady && window.load.interactive === 0) window.load.interactive = performance.now();
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-hydrated"] });
}
