// A real KAOS: the program, on a free port, with an empty data directory and the example agents.

import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const FOLDER = resolve(import.meta.dirname, "..");
const PROGRAM = process.env.KAOS ?? join(FOLDER, "../target/debug/kaos");
const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;

export interface Kaos {
  url: string;
  /** Its process. */
  pid: number;
  /** Ends it as a system does, and says with which code it ended: `null` if it had to be killed. */
  stop(): Promise<number | null>;
}

/**
 * Starts KAOS, with further settings, and waits until it says where it is; its output is kept in
 * `test-results/kaos`.
 */
export async function startKaos(name: string, settings: NodeJS.ProcessEnv = {}): Promise<Kaos> {
  const dataDir = await mkdtemp(join(tmpdir(), "kaos-end2end-"));
  const logs = join(FOLDER, "test-results/kaos");
  await mkdir(logs, { recursive: true });
  const child = spawn(
    PROGRAM,
    ["serve", "--demo", "--addr", "127.0.0.1:0", "--data-dir", dataDir],
    { env: { ...environment(), ...settings }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const log = createWriteStream(join(logs, `${name}.log`));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const stop = async () => {
    const code = await end(child);
    log.end();
    await rm(dataDir, { recursive: true, force: true });
    return code;
  };
  try {
    return { url: await announced(child), pid: child.pid ?? 0, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Ours, without what would make KAOS ask a real provider or read other settings. */
function environment(): NodeJS.ProcessEnv {
  const secretOrSetting = /_API_KEY$|^KAOS_|^OTEL_|^LOG_/;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !secretOrSetting.test(name)),
  );
}

function announced(child: ChildProcess): Promise<string> {
  return new Promise((found, failed) => {
    let output = "";
    const late = setTimeout(
      () => failed(new Error(`kaos was not ready in time:\n${output}`)),
      READY_WITHIN_MS,
    );
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const url = /KAOS is ready at (http:\/\/\S+)/.exec(output)?.[1];
      if (url !== undefined) {
        clearTimeout(late);
        found(url);
      }
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", (error) => {
      clearTimeout(late);
      failed(new Error(`${PROGRAM} could not be started: ${error.message}`));
    });
    child.once("exit", (code) => {
      clearTimeout(late);
      failed(new Error(`kaos ended with ${code} before it was ready:\n${output}`));
    });
  });
}

async function end(child: ChildProcess): Promise<number | null> {
  const isOver = child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  if (isOver) return child.exitCode;
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
  await ended;
  clearTimeout(late);
  return child.exitCode;
}
