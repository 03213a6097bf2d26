import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Component } from './flags.ts';

const KEPT_LINES = 20;
const ROTATE_BYTES = 10 * 1024 * 1024;

/** How a component ended. */
export interface ChildExit {
  readonly component: Component;
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lastLines: readonly string[];
}

export interface Child {
  readonly component: Component;
  readonly pid: number;
  readonly exited: Promise<ChildExit>;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it is gone. Safe to call twice. */
  stop(graceMs: number): Promise<void>;
}

export interface ChildOptions {
  readonly binary: string;
  readonly component: Component;
  readonly args: readonly string[];
  readonly logDir: string;
  readonly onLine?: (component: Component, line: string) => void;
}

/**
 * Starts one component. It is in a session of its own, so that Ctrl-C in a terminal reaches only the supervisor, which
 * stops things in order; and it ends by itself when this process dies, because it watches its standard input.
 */
export function startChild({ binary, component, args, logDir, onLine }: ChildOptions): Child {
  const child = spawn(binary, [component, ...args], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR, RIG_WATCH_STDIN: '1' },
  });
  child.stdin?.on('error', () => {});
  const lines = recordLines(child, join(logDir, `${component}.log`), (line) => onLine?.(component, line));
  let gone = false;
  const exited = new Promise<ChildExit>((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      gone = true;
      resolve({ component, code, signal, lastLines: [...lines] });
    };
    child.on('error', (error) => {
      lines.push(error.message);
      end(null, null);
    });
    child.on('close', end);
  });
  return {
    component,
    pid: child.pid ?? 0,
    exited,
    async stop(graceMs) {
      if (gone) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

function recordLines(child: ChildProcess, file: string, onLine: (line: string) => void): string[] {
  if (existsSync(file) && statSync(file).size > ROTATE_BYTES) renameSync(file, `${file}.1`);
  const log = createWriteStream(file, { flags: 'a', mode: 0o600 });
  const kept: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    if (!input) continue;
    createInterface({ input }).on('line', (line) => {
      log.write(`${line}\n`);
      kept.push(line);
      if (kept.length > KEPT_LINES) kept.shift();
      onLine(line);
    });
  }
  child.on('close', () => log.end());
  return kept;
}
