// The budgets of the dashboard. `cargo xtask budgets` builds what is measured and starts this;
// `npm run budgets` measures the program that the variable KAOS names.

import { defineConfig } from "@playwright/test";

import tests from "../playwright.config.ts";

export default defineConfig({
  ...tests,
  testDir: ".",
  testMatch: "*.budget.ts",
  outputDir: "../test-results/budgets",
  // One measurement at a time, and a second and a third where one misses its limit: a machine that was
  // busy with something else is not the program's fault.
  workers: 1,
  retries: 2,
  timeout: 300_000,
  reporter: [["./table.ts"]],
  use: { ...tests.use, trace: "off" },
});
