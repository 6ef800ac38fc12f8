// How much the first page makes a browser fetch, compressed as well as brotli can.

import { brotliCompressSync } from "node:zlib";

import type { APIRequestContext } from "@playwright/test";

import { NAMESPACE, expect, test } from "../tests/fixtures.ts";
import { pages } from "../tests/pages.ts";
import { ask, becomesReady } from "../tests/resources.ts";
import { expectWithin } from "./budget.ts";

async function fetched(request: APIRequestContext, path: string): Promise<Buffer> {
  const response = await request.get(path);
  expect(response.status(), path).toBe(200);
  return response.body();
}

const kilobytes = (bytes: Buffer) => brotliCompressSync(bytes).length / 1000;

test("the files of a page", async ({ request }) => {
  const html = (await fetched(request, `/ns/${NAMESPACE}`)).toString();
  const one = (pattern: RegExp) => {
    const found = pattern.exec(html)?.[0];
    expect(found, `${pattern} in the page`).toBeDefined();
    return found ?? "";
  };
  const js = kilobytes(await fetched(request, one(/\/pkg\/kaos\.js[^"]*/)));
  const wasm = kilobytes(await fetched(request, one(/\/pkg\/kaos_bg\.wasm[^"]*/)));
  expectWithin({ id: "B5", what: "wasm and JavaScript", unit: "kB", target: 180, limit: 250 }, js + wasm);

  const css = await fetched(request, one(/\/pkg\/kaos\.css[^"]*/));
  expectWithin({ id: "B5", what: "style sheet", unit: "kB", target: 14, limit: 20 }, kilobytes(css));

  const names = new Set(css.toString().match(/\/fonts\/[\w-]+\.woff2/g));
  expect(names.size, "fonts in the style sheet").toBeGreaterThan(0);
  let fonts = 0;
  // They are compressed already.
  for (const name of names) fonts += (await fetched(request, name)).length / 1000;
  expectWithin({ id: "B5", what: "fonts", unit: "kB", target: 60, limit: 90 }, fonts);
});

test("the HTML of every page", async ({ request }) => {
  for (const agent of ["researcher", "analyst", "coordinator"]) {
    await becomesReady(request, "Agent", agent);
  }
  const { traceId } = await ask(request, "coordinator", "Who leads the market for AI chips?");
  for (const [name, path] of Object.entries(pages(traceId))) {
    const html = kilobytes(await fetched(request, path));
    expectWithin({ id: "B5", what: "HTML", unit: "kB", target: 15, limit: 40 }, html, name);
  }
});
