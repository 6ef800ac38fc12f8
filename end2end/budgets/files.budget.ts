// How much the first page makes a browser fetch, compressed as well as brotli can.

import { brotliCompressSync } from "node:zlib";

import type { APIRequestContext } from "@playwright/test";

import { NAMESPACE, expect, test } from "../tests/fixtures.ts";
import { pages } from "../tests/pages.ts";
import { ask, becomesReady } from "../tests/resources.ts";
import { expectWithin } from "./budget.ts";
import { load, newVisitor } from "./load.ts";

async function fetched(request: APIRequestContext, path: string): Promise<Buffer> {
  const response = await request.get(path);
  expect(response.status(), path).toBe(200);
  return response.body();
}

const kilobytes = (bytes: Buffer) => brotliCompressSync(bytes).length / 1000;

test("the style sheet and the fonts", async ({ request }) => {
  const html = (await fetched(request, `/ns/${NAMESPACE}`)).toString();
  const sheet = /\/pkg\/[^"]*kaos\.css/.exec(html)?.[0];
  expect(sheet, "the style sheet in the page").toBeDefined();
  const css = await fetched(request, sheet ?? "");
  expectWithin({ id: "B5", what: "style sheet", unit: "kB", target: 14, limit: 20 }, kilobytes(css));

  const names = new Set(css.toString().match(/\/fonts\/[\w-]+\.woff2/g));
  expect(names.size, "fonts in the style sheet").toBeGreaterThan(0);
  let fonts = 0;
  // They are compressed already.
  for (const name of names) fonts += (await fetched(request, name)).length / 1000;
  expectWithin({ id: "B5", what: "fonts", unit: "kB", target: 60, limit: 90 }, fonts);
});

test("the HTML, the wasm and the JavaScript of every page", async ({ browser, kaos, request }) => {
  for (const agent of ["researcher", "analyst", "coordinator"]) {
    await becomesReady(request, "Agent", agent);
  }
  const { traceId } = await ask(request, "coordinator", "Who leads the market for AI chips?");
  for (const [name, path] of Object.entries(pages(traceId))) {
    const visitor = await newVisitor(browser, kaos.url);
    const page = await visitor.newPage();
    const programs: Promise<number>[] = [];
    page.on("response", (response) => {
      if (/\/pkg\/.*\.(js|wasm)$/.test(response.url())) programs.push(response.body().then(kilobytes));
    });
    const html = kilobytes(await fetched(request, path));
    expectWithin({ id: "B5", what: "HTML", unit: "kB", target: 15, limit: 40 }, html, name);
    await load(page, path);
    const sizes = await Promise.all(programs);
    expect(sizes.length, `parts of the browser's program on ${name}`).toBeGreaterThan(1);
    const program = sizes.reduce((sum, size) => sum + size, 0);
    expectWithin({ id: "B5", what: "wasm and JavaScript", unit: "kB", target: 180, limit: 250 }, program, name);
    await visitor.close();
  }
});
