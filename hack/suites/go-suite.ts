import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Totals } from './node-suite.ts';

interface GoEvent {
  readonly Action: string;
  readonly Package?: string;
  readonly Test?: string;
  readonly Output?: string;
}

/** Runs the tests of one Go module; prints one line a package, and everything a failing test said. */
export async function runGoSuite(module: string, env: NodeJS.ProcessEnv): Promise<Totals> {
  // -trimpath as in builds: what these compiled is not compiled again.
  const child = spawn('go', ['test', '-trimpath', '-json', './...'], {
    cwd: module,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, CGO_ENABLED: '0', ...env },
  });
  const tally = new GoTally();
  createInterface({ input: child.stdout }).on('line', (line) => tally.take(line));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (ended) => resolve(ended ?? 1));
  });
  return { passed: tally.passed, failed: tally.failed || (code === 0 ? 0 : 1) };
}

/** Counts what `go test -json` (test2json) says of tests, subtests included. */
class GoTally {
  passed = 0;
  failed = 0;
  readonly #said = new Map<string, string[]>();

  take(line: string): void {
    const event = parse(line);
    if (event === undefined) return void console.log(line);
    const { Action, Package = '', Test, Output = '' } = event;
    const key = `${Package} ${Test ?? ''}`;
    if (Action === 'output') this.#said.set(key, [...(this.#said.get(key) ?? []), Output]);
    else if (Test === undefined) this.#endPackage(Action, Package, key);
    else this.#endTest(Action, key);
  }

  #endTest(action: string, key: string): void {
    if (action === 'pass') this.passed += 1;
    if (action === 'fail') {
      this.failed += 1;
      process.stdout.write((this.#said.get(key) ?? []).join(''));
    }
  }

  #endPackage(action: string, name: string, key: string): void {
    if (action === 'pass') console.log(`✔ ${name}`);
    if (action === 'fail' || action === 'build-fail') {
      process.stdout.write((this.#said.get(key) ?? []).join(''));
      console.log(`✖ ${name}`);
    }
  }
}

function parse(line: string): GoEvent | undefined {
  try {
    return JSON.parse(line) as GoEvent;
  } catch {
    return undefined;
  }
}

/** Folders of the Go modules, from the root. */
export const GO_MODULES = [join('local', 'controlplane'), 'kubelet'] as const;
