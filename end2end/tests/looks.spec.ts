// Every page, dark and light, wide and narrow: pictures to look at, and what can be measured of them.

import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";

import { type Page } from "@playwright/test";

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { pages } from "./pages.ts";
import { ask, becomesReady } from "./resources.ts";

const PICTURES = resolve(import.meta.dirname, "../test-results/looks");
const QUESTION =
  "Research the current AI chip market and calculate the market share of the top 3 companies.";
const WIDTHS = {
  wide: { width: 1440, height: 900 },
  narrow: { width: 390, height: 844 },
  // What is left of 1280 pixels at four times the size, WCAG 1.4.10.
  smallest: { width: 320, height: 640 },
};

// An answer of the whole team, made once and looked at by every test of this worker.
let traceId = "";

test.beforeAll(async ({ kaos, playwright }) => {
  test.setTimeout(120_000);
  const request = await playwright.request.newContext({ baseURL: kaos.url });
  for (const agent of ["researcher", "analyst", "coordinator"]) {
    await becomesReady(request, "Agent", agent);
  }
  traceId = (await ask(request, "coordinator", QUESTION)).traceId;
  await request.dispose();
});

for (const theme of ["dark", "light"] as const) {
  for (const [width, viewport] of Object.entries(WIDTHS)) {
    test.describe(`${theme} and ${width}`, () => {
      test.use({ colorScheme: theme, viewport });

      test("every page fits the window and is accessible", async ({ page }) => {
        test.setTimeout(300_000);
        await mkdir(PICTURES, { recursive: true });
        for (const [name, path] of Object.entries(pages(traceId))) {
          await test.step(name, async () => {
            await page.goto(path);
            await ready(page);
            await page.screenshot({ path: join(PICTURES, `${name}-${theme}-${width}.png`) });
            await expectNoSidewaysScroll(page);
            await expectAccessible(page);
          });
        }
      });
    });
  }
}

async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const pixels = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect.soft(pixels, `pixels that ${page.url()} scrolls sideways`).toBeLessThanOrEqual(0);
}

test.describe("a page that does not exist", () => {
  test.use({ toleratedErrors: [/status of 404/] });

  test("says so with status 404", async ({ page }) => {
    const response = await page.goto(`/ns/${NAMESPACE}/agents/nobody`);
    expect(response?.status()).toBe(404);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expectAccessible(page);
  });
});
