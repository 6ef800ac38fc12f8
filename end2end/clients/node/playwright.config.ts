// Tests of clients for Node.js. They need no browser; Playwright runs and counts them.

import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results/clients",
  // One after the other: each cancellation counts what the model is doing.
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 30_000,
  expect: { timeout: 20_000 },
  reporter: [["list"], ["json", { outputFile: "../../test-results/clients.json" }]],
});
