// Finding runs among others, and what differs between two of them.

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { sendMarket } from "./market.ts";

const QUESTION = "Research the current AI chip market and calculate the market share.";
const MINUTE_MS = 60_000;

test("two runs are chosen in the list, and the comparison names what made the difference", async ({
  page,
  request,
}) => {
  const session = `compared-${Date.now()}`;
  const startMs = Date.now() - 5 * MINUTE_MS;
  const slow = await sendMarket(request, { question: QUESTION, session, searchMs: 6_000, startMs });
  const fast = await sendMarket(request, {
    question: QUESTION,
    session,
    searchMs: 1_000,
    startMs: startMs + MINUTE_MS,
  });

  await page.goto(`/ns/${NAMESPACE}/traces`);
  await ready(page);
  await page.getByLabel("Query").fill(`session:${session}`);
  await page.getByRole("button", { name: "Search" }).click();
  const rows = page.getByTestId("trace-row");
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText(QUESTION);
  await expect(rows.first()).toContainText("6 M · 2 T · 2 D");
  await expect(rows.last()).toContainText("web_search 6.00 s");
  await expectAccessible(page);
  for (const row of await rows.all()) await row.getByRole("checkbox").check();
  await page.getByRole("button", { name: "Compare" }).click();

  const sentence = page.getByTestId("compare-sentence");
  await expect(sentence).toContainText("B is 5.00 s faster: web_search −5.00 s");
  const steps = page.getByTestId("compare-row");
  await expect(steps.filter({ hasText: "web_search" })).toContainText("−5.00 s");
  await expect(steps.filter({ hasText: "gpt-4o" })).toHaveCount(6);
  await expect(steps.filter({ hasText: "only in" })).toHaveCount(0);
  await expectAccessible(page);

  await page.getByRole("link", { name: "Swap A and B" }).click();
  await expect(page).toHaveURL(`/traces/compare?a=${fast}&b=${slow}`);
  await expect(sentence).toContainText("B is 5.00 s slower: web_search +5.00 s");
});

test("facets, bars and points lead to exactly the runs they count", async ({ page, request }) => {
  const session = `narrowed-${Date.now()}`;
  const startMs = Date.now() - 10 * MINUTE_MS;
  for (const [at, searchMs] of [300, 2_000, 7_000].entries()) {
    await sendMarket(request, {
      question: "Chips?",
      session,
      searchMs,
      startMs: startMs + at * MINUTE_MS,
    });
  }
  const list = `/ns/${NAMESPACE}/traces?q=session:${session}&range=1h`;
  await page.goto(list);
  const rows = page.getByTestId("trace-row");
  await expect(rows).toHaveCount(3);

  await page.getByRole("complementary").getByRole("link", { name: /5 s to 15 s/ }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("web_search 7.00 s");
  await expect(page.getByLabel("Query")).toHaveValue(`session:${session} duration:>=5s duration:<15s`);

  await page.goto(list);
  await page.getByRole("figure").getByRole("link").first().click();
  await expect(page).toHaveURL(/from=.+&to=/);
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("web_search 300 ms");

  await page.goto(`${list}&sort=-duration&view=scatter`);
  await expect(rows.first()).toContainText("web_search 7.00 s");
  await expect(page.getByRole("figure").locator("a")).toHaveCount(3);
  await expectAccessible(page);
});

test("a query that cannot be understood says where and what is expected", async ({ page }) => {
  await page.goto(`/ns/${NAMESPACE}/traces?q=agent:coordinator+duration:5s`);
  const alert = page.getByRole("alert");
  await expect(alert.locator("mark")).toHaveText("5s");
  await expect(alert).toContainText("such as >5s");
  await expectAccessible(page);
});

test("a query is completed with keys, by what the runs of the page have", async ({ page, request }) => {
  await sendMarket(request, { question: QUESTION, session: `typed-${Date.now()}`, searchMs: 10, startMs: Date.now() - MINUTE_MS });
  await page.goto(`/ns/${NAMESPACE}/traces`);
  await ready(page);
  const query = page.getByLabel("Query");
  const options = page.getByRole("listbox", { name: "What could be written" }).getByRole("option");
  await query.pressSequentially("ag");
  await expect(options).toHaveText([/^agent:/]);
  await page.keyboard.press("ArrowDown");
  await expect(options.first()).toHaveAttribute("aria-selected", "true");
  await expectAccessible(page);
  await page.keyboard.press("Enter");
  await expect(query).toHaveValue("agent:");
  await query.pressSequentially("coord");
  await expect(options.first()).toContainText("agent:coordinator");
  await page.keyboard.press("Escape");
  await expect(options).toHaveCount(0);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(query).toHaveValue("agent:coordinator ");
  await expect(query).toBeFocused();
  await query.pressSequentially("zebra");
  // Nothing is known to become of it: the form is sent as it stands.
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=agent%3Acoordinator(%20|\+)zebra/);
});
