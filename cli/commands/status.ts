import { execFileSync } from 'node:child_process';
import type { Command } from 'commander';
import { type Issue, resources } from '#crds';
import { isAlive, type Layout, readState, type State } from '#lib/datadir';
import type { Resource } from '#lib/kube';
import { createTerminal, mebibytes, plain, table } from '#lib/terminal';
import { clientOf } from '../cluster.ts';
import { type CommonOptions, layoutOfOptions, withCommonOptions } from '../options.ts';

const ISSUES: Resource<Issue> = resources.Issue;

interface ComponentStatus {
  readonly name: string;
  readonly pid: number;
  /** Resident set, bytes. */
  readonly rss: number;
}

export function addStatus(program: Command): void {
  withCommonOptions(program.command('status'))
    .description('what runs, how much memory it takes, and where the issues stand')
    .action(async (options: CommonOptions) => {
      const layout = layoutOfOptions(options);
      const status = await readStatus(layout);
      createTerminal(options).result(status, render(status, layout));
    });
}

async function readStatus(layout: Layout) {
  const state = readState(layout);
  const up = state?.supervisor != null && isAlive(state.supervisor);
  const components = state ? readComponents(state) : [];
  return {
    up,
    phase: up ? state?.phase : 'down',
    dataDir: layout.root,
    kubeconfig: layout.kubeconfig,
    urls: up ? (state?.urls ?? {}) : {},
    components,
    rss: components.reduce((sum, { rss }) => sum + rss, 0),
    issues: up ? await readIssues(layout) : [],
  };
}

function readComponents(state: State): ComponentStatus[] {
  const supervisor = state.supervisor ? [{ name: 'supervisor', ...state.supervisor }] : [];
  const alive = [...supervisor, ...state.processes].filter(isAlive);
  const rss = residentSets(alive.map(({ pid }) => pid));
  return alive.map(({ name, pid }) => ({ name, pid, rss: rss.get(pid) ?? 0 }));
}

function residentSets(pids: readonly number[]): Map<number, number> {
  if (pids.length === 0) return new Map();
  const text = execFileSync('ps', ['-o', 'pid=,rss=', '-p', pids.join(',')], { encoding: 'utf8' });
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return new Map(lines.map(([pid = 0, kibibytes = 0]) => [pid, kibibytes * 1024]));
}

async function readIssues(layout: Layout) {
  const client = clientOf(layout);
  try {
    const { items } = await client.list(ISSUES);
    return items.map(({ metadata, spec, status }) => ({
      namespace: metadata.namespace ?? '',
      name: metadata.name ?? '',
      title: spec.title,
      phase: status?.phase ?? 'Pending',
      why: status?.why ?? '',
      pullRequest: status?.pullRequest?.url ?? null,
    }));
  } finally {
    await client.close();
  }
}

type Status = Awaited<ReturnType<typeof readStatus>>;

function render(status: Status, layout: Layout): string {
  if (!status.up && status.components.length === 0) return `No rig is up on ${layout.root}.`;
  const components = status.components.map(({ name, pid, rss }) => [name, String(pid), mebibytes(rss)]);
  const issues = status.issues.map(({ namespace, name, phase, pullRequest, why }) =>
    [namespace, name, phase, pullRequest ?? '', why].map(plain),
  );
  return [
    `The rig on ${layout.root} is ${status.phase}; it takes ${mebibytes(status.rss)}.`,
    '',
    table(['COMPONENT', 'PID', 'RSS'], components),
    ...(issues.length > 0 ? ['', table(['NAMESPACE', 'ISSUE', 'PHASE', 'PR', 'WHY'], issues)] : []),
  ].join('\n');
}
