import { setTimeout as wait } from 'node:timers/promises';
import type { Issue } from '#crds';
import { type EventView, type ReaderOptions, readEvents } from '#lib/conductor';
import { isKubeError, JOBS, type KubeClient } from '#lib/kube';
import { eventLine } from '#lib/terminal';
import { type Context, trouble } from '../context.ts';
import { TENANT } from '../tenant/objects.ts';
import { ISSUES } from './file.ts';
import { isSettled } from './outcome.ts';
import { Timeline } from './timeline.ts';

const POLL_MS = 200;

/** Shows what happens from now on, on the terminal, until the rig goes down. */
export async function showTimeline(context: Context, reader: ReaderOptions): Promise<Timeline> {
  const { terminal, stops } = context;
  const timeline = await Timeline.start({
    reader,
    show: (event) => terminal.say(eventLine(event, terminal.colours)),
    onEnd: trouble(context),
  });
  stops.add('timeline', () => timeline.stop());
  return timeline;
}

/** Resolves when nothing more happens to the issue without a person. Rejects when `signal` aborts. */
export async function untilSettled(client: KubeClient, name: string, signal: AbortSignal): Promise<Issue> {
  for (;;) {
    signal.throwIfAborted();
    const issue = await client.find(ISSUES, { namespace: TENANT, name }, { signal }).catch((error: unknown) => {
      // The API server may be on its way back.
      if (isKubeError(error, 'Unavailable', 'Timeout')) return undefined;
      throw error;
    });
    if (issue && isSettled(issue)) return issue;
    await wait(POLL_MS, undefined, { signal });
  }
}

/** Seconds from `since` (by `performance.now()`) to the issue's first Job; call it before the issue is made. */
export function firstJob(client: KubeClient, issue: string, signal: AbortSignal): { at: () => number | null } {
  let at: number | null = null;
  const seen = new AbortController();
  signal.addEventListener('abort', () => seen.abort(), { once: true });
  client
    .watch(JOBS, {
      namespace: TENANT,
      signal: seen.signal,
      onEvent: (type, job) => {
        if (type !== 'ADDED' || at !== null || !job.metadata.name?.startsWith(`${issue}-`)) return;
        at = performance.now();
        seen.abort();
      },
    })
    // A measurement that broke off is reported as none.
    .catch(() => {});
  return { at: () => at };
}

/** The issue's whole log. What its status says is in it: a status is written from what the log holds. */
export async function readLog(reader: ReaderOptions, issue: string): Promise<EventView[]> {
  return (await readEvents({ ...reader, issue })).events;
}
