import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createTerminal, duration, ExitError, plain } from '#lib/terminal';
import { examine } from './doctor/doctor.ts';
import { exportStreams } from './export.ts';
import { recover } from './recover.ts';
import { replayArchive } from './replay/archived.ts';
import { replay } from './replay/replay.ts';
import type { Tools } from './tool.ts';
import { readWalk } from './walk/read.ts';
import { showWalk } from './walk/show.ts';

/** Answers the exit code: 0 done or nothing found, 1 something found. Throws where it cannot be told. */
export type Command = (tools: Tools, args: readonly string[]) => Promise<number>;

async function runRecover(tools: Tools, args: readonly string[]): Promise<number> {
  const { values } = parse(args, { by: { type: 'string' }, json: { type: 'boolean' } });
  const by = String(values.by ?? '');
  if (!/^\S(.{0,198}\S)?$/u.test(by)) throw new ExitError(2, 'Say who asks for it: --by NAME. It is kept in the log.');
  const terminal = createTerminal({ json: values.json === true });
  const done = await recover({ ...tools, by, now: Date.now });
  if (done === null) {
    terminal.result({ recovered: false }, 'The database is not behind its mark: there is nothing to recover.');
    return 0;
  }
  const asked =
    done.asked.length === 0 ? '' : `\nTheir forge could not be read, so a person looks first: ${done.asked.join(', ')}`;
  terminal.result(
    { recovered: true, ...done },
    `Recovered by ${by}. The database was behind: ${done.why}
What was done since ${done.lostSince} is not in it; epoch ${done.epoch} and fence ${done.nextFence} are the next.
Told in the log of ${done.issues.length} issues; ${done.jobsEnded} Jobs of the lost time were ended.${asked}
The conductor begins anew by itself within seconds.`,
  );
  return 0;
}

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

function parse(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    throw new ExitError(2, (cause as Error).message, { cause });
  }
}

async function runReplay(tools: Tools, args: readonly string[]): Promise<number> {
  const { values } = parse(args, { json: { type: 'boolean' }, archive: { type: 'string', multiple: true } });
  const live = await replay({ ...tools, pause: () => delay(LAG_MS) });
  const archives = [];
  for (const file of (values.archive ?? []) as string[]) archives.push(await replayArchive(tools.pool, file));
  const all = [live, ...archives];
  const { objects } = live;
  const differences = all.flatMap((one) => one.differences);
  const [streams, events] = [all.reduce((n, one) => n + one.streams, 0), all.reduce((n, one) => n + one.events, 0)];
  const found = differences.map(({ where, what, field, live, replayed }) => {
    const [is, should] = [live, replayed].map((value) => plain(JSON.stringify(value)).slice(0, 200));
    return `${where} ${plain(what)}: ${field} is ${is}; its events say ${should}`;
  });
  const built = `${events} events of ${streams} streams replayed, compared with claims, tasks, queue, trust ledger and ${objects} objects`;
  createTerminal({ json: values.json === true }).result(
    { streams, events, objects, differences },
    found.length === 0 ? `No differences: ${built}.` : [...found, `${found.length} differences: ${built}.`].join('\n'),
  );
  return found.length === 0 ? 0 : 1;
}

async function runDoctor(tools: Tools, args: readonly string[]): Promise<number> {
  const { values } = parse(args, { json: { type: 'boolean' } });
  const now = Date.now();
  const findings = await examine(tools, now);
  const terminal = createTerminal({ json: values.json === true });
  const shown = findings.map(({ check, what, since, why, help }) => {
    const age = since === null ? '' : ` for ${duration(now - since)}`;
    return `${terminal.colours.bold(check)} ${plain(what)}${age}\n  ${plain(why)}\n  ${terminal.colours.dim(help)}`;
  });
  const result = findings.map((one) => ({
    ...one,
    since: one.since === null ? null : new Date(one.since).toISOString(),
  }));
  const text = findings.length === 0 ? 'Nothing is stuck.' : [...shown, `${findings.length} stuck.`].join('\n');
  terminal.result({ findings: result }, text);
  return findings.length === 0 ? 0 : 1;
}

async function runWalk(tools: Tools, args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args, { json: { type: 'boolean' }, namespace: { type: 'string' } });
  const [issue] = positionals;
  const namespace = String(values.namespace ?? '');
  if (issue === undefined || namespace === '') throw new ExitError(2, 'Name an Issue and its --namespace.');
  const walked = await readWalk(tools.pool, tools.store, namespace, issue);
  if (walked === null) throw new ExitError(1, `No Issue ${plain(issue)} has ever been in ${plain(namespace)}.`);
  const terminal = createTerminal({ json: values.json === true });
  terminal.result(walked, showWalk(walked, issue, terminal.colours));
  return 0;
}

async function runExport(tools: Tools, args: readonly string[]): Promise<number> {
  const flags = {
    json: { type: 'boolean' },
    before: { type: 'string' },
    file: { type: 'string' },
    delete: { type: 'boolean' },
  };
  const { values } = parse(args, flags as Options);
  const before = Date.parse(String(values.before ?? ''));
  const file = String(values.file ?? '');
  if (Number.isNaN(before) || file === '')
    throw new ExitError(2, 'Say what is exported, and where to: --before DATE --file FILE, e.g. --before 2026-01-31.');
  const done = await exportStreams({ ...tools, before, file, remove: values.delete === true });
  const gone = values.delete === true ? ` ${done.removed} streams were deleted.` : ' Nothing was deleted.';
  createTerminal({ json: values.json === true }).result(
    { ...done, file },
    `${done.streams} finished streams, ${done.events} events: ${plain(file)}, ${done.digest}.${gone}`,
  );
  return 0;
}

/** A status follows its events within this time. */
const LAG_MS = 1_500;

export const commands: Readonly<Record<string, Command>> = {
  recover: runRecover,
  replay: runReplay,
  doctor: runDoctor,
  walk: runWalk,
  export: runExport,
};
