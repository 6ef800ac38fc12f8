// A budget, and how a measurement says whether it is kept.

import { expect, test } from "@playwright/test";

export interface Budget {
  /** Its number, such as `B1`. Rows with the same number and words become one, the worst of them. */
  id: string;
  what: string;
  unit: "ms" | "kB" | "MB" | "cores" | "requests" | "tasks" | "";
  /** What is aimed at. */
  target: number;
  /** What may not be passed. */
  limit: number;
}

export interface Measurement extends Budget {
  measured: number;
  /** The page or thing it was measured at. */
  where?: string;
}

/** The kind of the annotation that carries a measurement to the table. */
export const ANNOTATION = "budget";

/** Puts a measurement into the table; the test goes on, and fails at its end when a limit is passed. */
export function expectWithin(budget: Budget, measured: number, where?: string): void {
  const measurement: Measurement = { ...budget, measured, where };
  test.info().annotations.push({ type: ANNOTATION, description: JSON.stringify(measurement) });
  const name = [budget.id, budget.what, where].filter(Boolean).join(", ");
  expect.soft(measured, name).toBeLessThanOrEqual(budget.limit);
}

export function median(values: number[]): number {
  return percentile(values, 50);
}

/** The value that so many percent of the others do not pass, by nearest rank. */
export function percentile(values: number[], percent: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  const value = sorted[rank - 1];
  if (value === undefined) throw new Error("nothing was measured");
  return value;
}
