// Runs the suites one after the other, cheapest first, and ends with their sum: `N passed, N failed`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hasPrometheus } from '../../test/kit/prometheus/prometheus.ts';
import { ensureBinary } from '../go/build.mjs';
import { sourceFiles, suiteOf } from './files.ts';
import { GO_MODULES, runGoSuite } from './go-suite.ts';
import { runNodeSuite, type Totals } from './node-suite.ts';
import { startServices } from './services.ts';

const SUITES = ['unit', 'int', 'e2e', 'go'] as const;
type Suite = (typeof SUITES)[number];

/** Test files, and the Go programs of others that they run. */
const SLOW_BUILDS = [
  ['operator/deploy/flux.int.test.ts', 'kustomize-controller'],
  ['policies/kyverno/admission.int.test.ts', 'kyverno'],
  ...(hasPrometheus() ? [] : ([['operator/slo/slo.int.test.ts', 'prometheus']] as const)),
] as const;
const MINUTE_MS = 60_000;
const root = join(import.meta.dirname, '..', '..');
const args = process.argv.slice(2);
const asked = SUITES.filter((suite) => args.includes(suite));
const parts = args.filter((arg) => !(SUITES as readonly string[]).includes(arg));
const files = sourceFiles(root).filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));

const run: Record<Suite, () => Promise<Totals>> = {
  unit: () => runNodeSuite({ root, files: ofSuite('unit'), timeoutMs: MINUTE_MS }),
  int: withServices,
  // Each starts a whole rig: two at once would measure each other.
  e2e: () => runNodeSuite({ root, files: ofSuite('e2e'), concurrency: 1, timeoutMs: 10 * MINUTE_MS }),
  go: runGoModules,
};

function ofSuite(suite: string): string[] {
  return files.filter((file) => suiteOf(file) === suite);
}

async function withServices(): Promise<Totals> {
  const selected = ofSuite('int');
  if (selected.length === 0) return { passed: 0, failed: 0 };
  // What takes minutes to build the first time, longer than a test file may run.
  const slow = SLOW_BUILDS.filter(([file]) => selected.includes(file));
  for (const [, binary] of slow) await ensureBinary(binary, { onProgress: (line) => console.error(line) });
  const services = await startServices(root);
  try {
    return await runNodeSuite({ root, files: selected, env: services.env, concurrency: 2, timeoutMs: 5 * MINUTE_MS });
  } finally {
    await services.stop();
  }
}

async function runGoModules(): Promise<Totals> {
  let sum: Totals = { passed: 0, failed: 0 };
  for (const module of GO_MODULES) {
    if (existsSync(join(root, module, 'go.mod'))) sum = add(sum, await runGoSuite(join(root, module), {}));
  }
  return sum;
}

function add(a: Totals, b: Totals): Totals {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed };
}

let sum: Totals = { passed: 0, failed: 0 };
for (const suite of asked.length > 0 ? asked : SUITES) {
  console.log(`\n— ${suite} —`);
  const started = performance.now();
  const totals = await run[suite]().catch((error: unknown) => {
    console.error(error);
    return { passed: 0, failed: 1 };
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${suite}: ${totals.passed} passed, ${totals.failed} failed in ${seconds} s`);
  sum = add(sum, totals);
}
console.log(`\n${sum.passed} passed, ${sum.failed} failed`);
process.exitCode = sum.failed === 0 ? 0 : 1;
