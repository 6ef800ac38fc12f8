// What every browser test gets: a KAOS per file, and a page that tolerates no silent failure.

import { basename } from "node:path";

import { AxeBuilder } from "@axe-core/playwright";
import { type Page, expect, test as base } from "@playwright/test";

import { type Kaos, startKaos } from "./kaos.ts";

export { expect };

/** The namespace of the example agents. */
export const NAMESPACE = "kaos-hierarchy";

interface Options {
  /** Console errors that the test causes on purpose. */
  toleratedErrors: RegExp[];
  /** Environment variables for the KAOS of the file. */
  settings: NodeJS.ProcessEnv;
  /** Shared by the tests of a file, so that no test sees what another file made. */
  kaos: Kaos;
}

export const test = base.extend<Options, { fresh: FreshKaos }>({
  toleratedErrors: [[], { option: true }],
  settings: {},

  fresh: [
    // Playwright reads the fixtures a fixture needs from this pattern, even when it is empty.
    async ({}, use, worker) => {
      const fresh = new FreshKaos(worker.workerIndex);
      await use(fresh);
      await fresh.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],

  kaos: [
    async ({ fresh, settings }, use, info) => use(await fresh.of(info.file, settings)),
    { timeout: 60_000 },
  ],

  baseURL: async ({ kaos }, use) => use(kaos.url),

  page: async ({ page, kaos, toleratedErrors }, use) => {
    const problems = watch(page, kaos.url);
    await use(page);
    const unexpected = problems.filter(
      (problem) => !toleratedErrors.some((tolerated) => tolerated.test(problem)),
    );
    expect(unexpected, "errors in the browser").toEqual([]);
  },
});

/** The KAOS of the file whose tests a worker runs now. */
class FreshKaos {
  private readonly worker: number;
  private running: { kaos: Kaos; file: string } | undefined;

  constructor(worker: number) {
    this.worker = worker;
  }

  async of(file: string, settings: NodeJS.ProcessEnv): Promise<Kaos> {
    if (this.running?.file !== file) {
      await this.stop();
      const kaos = await startKaos(`${basename(file, ".ts")}-${this.worker}`, settings);
      this.running = { kaos, file };
    }
    return this.running.kaos;
  }

  async stop(): Promise<void> {
    const running = this.running;
    this.running = undefined;
    if (running === undefined) return;
    const code = await running.kaos.stop();
    expect(code, `the code that the kaos of ${basename(running.file)} ended with`).toBe(0);
  }
}

function watch(page: Page, ownUrl: string): string[] {
  const own = new URL(ownUrl).host;
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`page: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    const local = ["data:", "blob:", "about:"].includes(url.protocol);
    if (!local && url.host !== own) problems.push(`request to another origin: ${request.url()}`);
  });
  return problems;
}

/** Waits until the page answers to clicks and keys. */
export async function ready(page: Page): Promise<void> {
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true", { timeout: 30_000 });
}

/** Notes what axe finds against WCAG 2.2 AA, and where; the test goes on and fails at its end. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    .analyze();
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`),
  );
  expect.soft(found, `accessibility of ${page.url()}`).toEqual([]);
}
