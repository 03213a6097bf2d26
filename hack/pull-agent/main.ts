// A client of an Agent that pulls its work (docs/pull-agents.md): asks, starts, beats, clones, runs a command, pushes, reports.
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { Conductor, DeadFence } from './conductor.ts';
import { work } from './work.ts';

const USAGE =
  'node hack/pull-agent/main.ts --conductor URL --namespace NAME --agent NAME --token-file FILE [--client NAME] [--once] -- COMMAND [ARGUMENT…]';
const WAIT_SECONDS = 30;

const { values, positionals: command } = parseArgs({
  allowPositionals: true,
  options: {
    conductor: { type: 'string' },
    namespace: { type: 'string' },
    agent: { type: 'string' },
    'token-file': { type: 'string' },
    client: { type: 'string', default: `${hostname().slice(0, 40)}-${process.pid}` },
    once: { type: 'boolean', default: false },
  },
});
const { conductor: url, namespace, agent, 'token-file': tokenFile, client } = values;
if (!url || !namespace || !agent || !tokenFile || command.length === 0) {
  console.error(USAGE);
  process.exit(2);
}

const over = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over.abort());
const credential = async () => (await readFile(tokenFile, 'utf8')).trim();
const conductor = new Conductor({ url: url.replace(/\/+$/, ''), namespace, agent, credential, client });

do await workNext();
while (!values.once && !over.signal.aborted);

async function workNext(): Promise<void> {
  try {
    const next = await conductor.next(WAIT_SECONDS, over.signal);
    if (next === null) return values.once ? workNext() : undefined;
    const task = await conductor.start(next);
    console.error(`${next.task.name}: started by ${client}`);
    console.error(`${next.task.name}: ${await work(task, command, over.signal)}`);
  } catch (error) {
    if (over.signal.aborted) return;
    if (error instanceof DeadFence) return workNext();
    throw error;
  }
}
