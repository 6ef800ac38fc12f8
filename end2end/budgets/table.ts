// Prints what was measured beside what it should be.

import type { FullResult, Reporter, TestCase, TestResult } from "@playwright/test/reporter";

import { ANNOTATION, type Measurement } from "./budget.ts";

const HEAD = ["budget", "what", "measured", "target", "limit", "met", "worst at"];

export default class Table implements Reporter {
  /** The last result of each test: the first that kept to its limits, or the last try. */
  readonly #last = new Map<string, { test: TestCase; result: TestResult }>();

  printsToStdio(): boolean {
    return true;
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    this.#last.set(test.id, { test, result });
    const again = result.status === "passed" ? "" : ` (${result.status}, try ${result.retry + 1})`;
    console.log(`measured ${test.title} in ${(result.duration / 1000).toFixed(1)} s${again}`);
  }

  onEnd(result: FullResult): void {
    const results = [...this.#last.values()];
    const rows = worst(results.flatMap(({ result }) => measurements(result))).map(row);
    console.log(`\n${lines([HEAD, ...rows])}\n`);
    for (const { test, result } of results) {
      const isExplained = measurements(result).some(({ measured, limit }) => measured > limit);
      if (result.status !== "passed" && !isExplained) {
        console.log(`${test.title} could not be measured: ${result.error?.message ?? result.status}`);
      }
    }
    if (isDebugBuild()) {
      console.log("This is a debug build: the program is slower and larger than what users get.");
    }
    console.log(result.status === "passed" ? "all limits are kept" : "not all limits are kept");
  }
}

function isDebugBuild(): boolean {
  return !process.env.KAOS || /[\\/]debug[\\/]/.test(process.env.KAOS);
}

function measurements(result: TestResult): Measurement[] {
  const own = result.annotations.filter(({ type }) => type === ANNOTATION);
  return own.map(({ description }) => JSON.parse(description ?? "{}"));
}

/** Of each budget the measurement that is nearest to its limit or furthest beyond, by number. */
function worst(all: Measurement[]): Measurement[] {
  const rows = new Map<string, Measurement>();
  for (const one of all) {
    const key = `${one.id} ${one.what}`;
    const other = rows.get(key);
    if (other === undefined || one.measured > other.measured) rows.set(key, one);
  }
  const number = ({ id }: Measurement) => Number(id.slice(1));
  return [...rows.values()].sort((one, other) => number(one) - number(other));
}

function row({ id, what, unit, measured, target, limit, where }: Measurement): string[] {
  const shown = (value: number) => `${rounded(value)} ${unit}`.trim();
  const met = measured <= target ? "target" : measured <= limit ? "limit" : "NO";
  return [id, what, shown(measured), shown(target), shown(limit), met, where ?? ""];
}

function rounded(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}

function lines(rows: string[][]): string {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = HEAD.map((_, column) => width(column));
  const isNumber = (column: number) => column >= 2 && column <= 4;
  const cell = (text: string, column: number) =>
    isNumber(column) ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}
