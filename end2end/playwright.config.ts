// Browser tests. `cargo xtask test --only browser` builds KAOS, finds a Chromium and starts them.

import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results/runs",
  // Each worker has a KAOS of its own, and two cores are what the smallest machine has.
  workers: 2,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"], ["json", { outputFile: "test-results/report.json" }]],
  use: {
    colorScheme: "dark",
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      // A browser that looks for updates would slow down machines without a way out.
      args: ["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    },
  },
});
