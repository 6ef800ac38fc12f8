// Everything that a mouse can do can be done with keys, and where the keys go can be seen.

import type { Locator, Page } from "@playwright/test";

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";

/** More presses of Tab than any way over a page takes. */
const LONGEST_WAY = 150;

/** Goes on with Tab until this has the focus; wherever the focus is on its way, it can be seen. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  for (let press = 0; press < LONGEST_WAY; press += 1) {
    await page.keyboard.press("Tab");
    await expectFocusSeen(page);
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`Tab never comes to ${target}`);
}

/** What has the focus is in the window, and nothing lies over it. */
async function expectFocusSeen(page: Page): Promise<void> {
  const hidden = await page.evaluate(() => {
    const focused = document.activeElement;
    if (focused === null || focused === document.body) return null;
    const box = focused.getBoundingClientRect();
    const isInside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
    // Of what is larger than the window some part is enough.
    const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    const points = [0.5, 0.1, 0.9].map((part) => [left + (right - left) * part, top + (bottom - top) * part]);
    const isOnTop = points.some(([x = 0, y = 0]) => {
      const seen = document.elementFromPoint(x, y);
      return seen !== null && (focused.contains(seen) || seen.contains(focused));
    });
    return isInside && isOnTop ? null : focused.outerHTML.slice(0, 200);
  });
  expect(hidden, "what has the focus but cannot be seen").toBeNull();
}

test.describe("with keys alone", () => {
  // A form that is not accepted has a status that Chromium also writes on its console.
  test.use({ toleratedErrors: [/status of 422/] });

  test("an agent is made after an error, asked, and deleted", async ({ page }) => {
    test.setTimeout(240_000);
    await page.goto(`/ns/${NAMESPACE}`);
    await ready(page);
    await page.keyboard.press("c");
    await page.keyboard.press("a");
    await expect(page).toHaveURL(new RegExp(`/ns/${NAMESPACE}/agents/new`));
    await ready(page);

    // A name with a capital letter is none.
    await tabTo(page, page.getByLabel("Name", { exact: true }));
    await page.keyboard.type("Keyed");
    await tabTo(page, page.getByRole("textbox", { name: /^Description/ }));
    await page.keyboard.type("Adds, g a");
    expect(page.url(), "keys of a field stay with it").toContain("/agents/new");
    await tabTo(page, page.getByLabel("Model API", { exact: true }));
    await page.keyboard.type("llm-proxy");
    await tabTo(page, page.getByLabel("Model", { exact: true }));
    await page.keyboard.type("mock/instant");
    await page.keyboard.press("Control+Enter");

    const problems = page.locator("#form-problems");
    await expect(problems).toBeFocused();
    await expectFocusSeen(page);
    await tabTo(page, problems.getByRole("link").first());
    await page.keyboard.press("Enter");
    const name = page.getByLabel("Name", { exact: true });
    await expect(name).toBeFocused();
    await expectFocusSeen(page);
    await expect(name).toHaveAttribute("aria-invalid", "true");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("keyed");
    await ready(page);
    await page.keyboard.press("Control+Enter");
    // The field that was jumped to is still in the address.
    await expect(page).toHaveURL(new RegExp(`/ns/${NAMESPACE}/agents/keyed(#name)?$`));
    await ready(page);
    await expect(page.getByRole("main").getByText("Ready", { exact: true }).first()).toBeVisible();

    await tabTo(page, page.getByRole("main").getByRole("link", { name: "Chat", exact: true }).first());
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/\/agents\/keyed\/chat/);
    await ready(page);
    await tabTo(page, page.getByLabel("Message keyed"));
    await page.keyboard.type("Who are you? g m");
    await page.keyboard.press("Enter");
    const answer = page.locator('[data-testid="chat-message"][data-role="assistant"]').last();
    await expect(answer).toHaveAttribute("data-state", "done");
    await expect(page, "keys of the composer stay with it").toHaveURL(/\/agents\/keyed\/chat/);
    await expectFocusSeen(page);

    await page.keyboard.press("Control+k");
    await page.keyboard.type("keyed");
    await expect(page.getByRole("option", { name: /keyed/ }).first()).toHaveAttribute("aria-selected", "true");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/\/agents\/keyed$/);
    await ready(page);
    await page.keyboard.press("g");
    await page.keyboard.press("a");
    await expect(page).toHaveURL(new RegExp(`/ns/${NAMESPACE}/agents$`));
    await ready(page);
    await tabTo(page, page.getByRole("row", { name: /keyed/ }).getByRole("link", { name: "keyed" }));
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/\/agents\/keyed$/);
    await ready(page);
    await openMenuEntry(page, "Delete agent");
    await expect(page).toHaveURL(/\/agents\/keyed\/delete$/);
    await ready(page);
    await tabTo(page, page.getByRole("button", { name: "Delete agent keyed" }));
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(new RegExp(`/ns/${NAMESPACE}/agents$`));
    await expect(page.getByRole("row", { name: /keyed/ })).toHaveCount(0);
    await expectAccessible(page);
  });
});

/** Finds a link of the page, which may be behind the menu of its head. */
async function openMenuEntry(page: Page, name: string): Promise<void> {
  const entry = page.getByRole("main").getByRole("link", { name, exact: true }).first();
  if (!(await entry.isVisible())) {
    await tabTo(page, page.getByRole("main").getByRole("button", { name: /More/ }).first());
    await page.keyboard.press("Enter");
  }
  await tabTo(page, entry);
  await page.keyboard.press("Enter");
}

test("Esc closes a layer and gives the focus back to what opened it", async ({ page }) => {
  await page.goto(`/ns/${NAMESPACE}/agents`);
  await ready(page);
  const filter = page.getByRole("searchbox").first();
  await page.keyboard.press("/");
  await expect(filter).toBeFocused();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("combobox", { name: "Search or run a command" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(filter).toBeFocused();

  const opener = page.getByRole("link", { name: "Search or run a command" });
  await opener.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("combobox", { name: "Search or run a command" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(opener).toBeFocused();

  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeHidden();
  await expect(opener).toBeFocused();
});

test("single keys do nothing once they are switched off", async ({ page }) => {
  await page.goto("/settings");
  await ready(page);
  const off = page.getByRole("group", { name: "Single-key shortcuts" }).getByRole("button", { name: "Off" });
  await tabTo(page, off);
  await page.keyboard.press("Enter");
  await expect(off).toHaveAttribute("aria-pressed", "true");
  await page.goto(`/ns/${NAMESPACE}/agents`);
  await ready(page);
  for (const key of ["g", "m", "?", "/", "["]) await page.keyboard.press(key);
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeHidden();
  await expect(page.getByRole("searchbox").first()).not.toBeFocused();
  await expect(page).toHaveURL(new RegExp(`/ns/${NAMESPACE}/agents$`));
  // A key with Ctrl is no single key.
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("combobox", { name: "Search or run a command" })).toBeFocused();
});
