import { partsOf } from '../../escalation/rows.ts';
import { shortfall } from '../position.ts';
import type { Clustered, Standing, Stored } from './facts.ts';
import type { CheckName, Finding } from './finding.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** What is looked at, and when. */
export interface Examined {
  readonly cluster: Clustered;
  readonly stored: Stored;
  readonly now: number;
}

type Check = (examined: Examined) => Finding[];
type Said = Omit<Finding, 'check'>;

const older = (at: number, ms: number, now: number): boolean => now - at > ms;
const under =
  (check: CheckName, look: (examined: Examined) => readonly Said[]): Check =>
  (examined) =>
    look(examined).map((said) => ({ check, ...said }));

export const mark = under('mark', ({ cluster, stored, now }) => {
  const { mark: kept, lease } = cluster;
  if (kept === null)
    return [
      {
        what: 'database',
        since: null,
        why: 'There is no mark of it outside yet, so an older one would not be known.',
        help: 'A conductor that leads writes it within seconds; look why none does.',
      },
    ];
  const short = shortfall(stored.position, kept.position);
  const why = kept.behind?.why ?? short.join('; ');
  if (why !== '')
    return [
      {
        what: 'database',
        since: kept.behind?.since ?? null,
        why: `It is older than what was done already: ${why}`,
        help: 'Restore a newer backup, then run rig recover; or run it on this one.',
      },
    ];
  const led = lease !== null && !older(lease.renewedAt, 15 * SECOND, now);
  return led && older(kept.writtenAt, 30 * SECOND, now)
    ? [
        {
          what: 'mark',
          since: kept.writtenAt,
          why: 'A conductor leads and does not write how far the database has come.',
          help: 'Look at its log for the ConfigMap rig-conductor-mark: it may be refused.',
        },
      ]
    : [];
});

export const leader = under('leader', ({ cluster: { lease }, stored, now }) => {
  if (lease === null || lease.holder === null || older(lease.renewedAt, 15 * SECOND, now))
    return [
      {
        what: 'conductor',
        since: lease?.renewedAt ?? null,
        why: 'No conductor holds the Lease: nothing is decided.',
        help: 'Look at the pods of rig-conductor and their logs.',
      },
    ];
  return stored.leader.holder !== lease.holder
    ? [
        {
          what: 'conductor',
          since: null,
          why: `${lease.holder} holds the Lease, and epoch ${stored.leader.epoch} of the database is that of ${stored.leader.holder || 'nobody'}.`,
          help: 'Right after a handover or a recovery this passes; else look at its log, and at the check mark.',
        },
      ]
    : [];
});

const ASKS: Readonly<Record<string, string>> = {
  AwaitingHuman: 'Do what it asks for, or edit the issue: it is taken up again.',
  Failed: 'rig events NAME --back says how; edit the issue to start again.',
};

export const issues = under('issues', ({ cluster }) =>
  cluster.issues.flatMap((issue): Said[] => {
    const help = ASKS[issue.phase ?? ''];
    const stands =
      help === undefined && issue.phase !== 'Cancelled' && issue.phase !== 'Done' && issue.stalled !== null;
    if (help === undefined && !stands) return [];
    const why = issue.why ?? issue.stalled?.message ?? '';
    return [
      {
        what: issue.key,
        since: issue.stalled?.since ?? null,
        why: `${issue.phase ?? 'Pending'}: ${why}`,
        help: help ?? 'Its reason is explained in docs/reasons.md.',
      },
    ];
  }),
);

export const tasks = under('tasks', ({ stored, now }) =>
  stored.tasks
    .filter(({ started, seenAt }) => older(seenAt, started ? 5 * MINUTE : 15 * MINUTE, now))
    .map(({ key, agent, started, seenAt }) => ({
      what: key,
      since: seenAt,
      why: started ? `${agent} has not been heard of since.` : `${agent} was given it and never began.`,
      help: 'A leader ends it within a minute; where it does not, look at the check leader. kubectl describe agenttask says why a pod does not start.',
    })),
);

export const effects = under('effects', ({ stored, now }) =>
  stored.effects
    .filter(({ state, at }) => older(at, state === 'started' ? 2 * MINUTE : 5 * MINUTE, now))
    .map(({ key, state, attempt, at }) => ({
      what: key,
      since: at,
      why:
        state === 'started'
          ? `It is not known whether it took place (attempt ${attempt}).`
          : `It was not done yet, after ${attempt} attempts.`,
      help: 'It is looked for at the forge when its issue is looked at again. Where the forge answers and it stays, look at the issue.',
    })),
);

/** One finding for each sink: what one does not take it does not take of any issue. */
export const notices = under('notices', ({ stored, now }) => {
  const late = stored.notices.filter(({ at }) => older(at, 5 * MINUTE, now));
  const sinks = new Set(late.map(({ key }) => partsOf(key).sink));
  return [...sinks].map((sink) => {
    const its = late.filter(({ key }) => partsOf(key).sink === sink);
    const attempts = its.reduce((sum, { attempt }) => sum + attempt, 0);
    return {
      what: sink,
      since: Math.min(...its.map(({ at }) => at)),
      why: `It has not taken a notice that was sent ${attempts === 1 ? 'once' : `${attempts} times`}: people are not told there which issues wait for them.`,
      help: 'The conductor’s log says why for this sink; it is tried every five minutes. docs/escalation.md says what it must answer.',
    };
  });
});

export const deliveries = under('deliveries', ({ stored, now }) =>
  stored.deliveries
    .filter(({ outcome, receivedAt }) => outcome === 'failed' || older(receivedAt, MINUTE, now))
    .map(({ id, event, receivedAt, attempts, outcome, detail }) => ({
      what: `${event} ${id}`,
      since: receivedAt,
      why: `${outcome === 'failed' ? 'It could not be applied' : `It is not applied after ${attempts} attempts`}: ${detail ?? 'nobody took it yet'}`,
      help: 'What it told is repaired by the next listing of its repository.',
    })),
);

export const answers = under('answers', ({ stored, now }) =>
  stored.answers
    .filter(({ failure, attempts, at }) => failure !== null || attempts >= 3 || older(at, 5 * MINUTE, now))
    .map(({ repository, number, attempts, failure, at }) => ({
      what: `${repository}#${number}`,
      since: failure === null && attempts > 0 ? null : at,
      why: failure === null ? `It is not sent after ${attempts} attempts.` : `It was given up: ${failure}`,
      help: 'What was asked for is done all the same. Where the conversation is not locked, look whether the conductor may comment there.',
    })),
);

export const streams = under('streams', ({ stored }) =>
  stored.stalls.map(({ tail, stream, version, reason, since }) => ({
    what: `${tail} ${stream}`,
    since,
    why:
      reason === 'NewerEvent'
        ? `Version ${version} of the stream was written by a newer release.`
        : `Version ${version} of the stream has none before it.`,
    help:
      reason === 'NewerEvent'
        ? 'Start the newer release again.'
        : 'The log is damaged: restore a backup, then run rig recover.',
  })),
);

export const queue = under('queue', ({ cluster, stored }) => {
  const serve = new Set(
    cluster.agents.filter(({ suspended, stalled }) => !suspended && stalled === null).map(({ uid }) => uid),
  );
  return stored.queue
    .filter(({ candidates }) => !candidates.some((uid) => serve.has(uid)))
    .map(({ key, since }) => ({
      what: key,
      since,
      why: 'None of the Agents that may take it takes work now.',
      help: 'Put one of them right, or resume it; kubectl get agents shows why it is not Ready.',
    }));
});

export const tails = under('tails', ({ stored, now }) =>
  stored.tails
    .filter(({ oldest }) => oldest !== null && older(oldest, MINUTE, now))
    .map(({ name, waiting, oldest }) => ({
      what: name,
      since: oldest,
      why: `${waiting} events wait to be followed.`,
      help: 'Look at the log of the leader for this name; a transaction that is left open holds every tail back.',
    })),
);

export const outbox = under('outbox', ({ stored, now }) =>
  stored.outboxes
    .filter(({ oldest }) => older(oldest, 5 * MINUTE, now))
    .map(({ program, rows, oldest }) => ({
      what: program,
      since: oldest,
      why: `${rows} rows of its outbox are no events yet.`,
      help: 'A leader takes them every two seconds; look at the check leader and at its log.',
    })),
);

export const mirror = under('mirror', ({ cluster, stored, now }) => {
  const followed = new Set(
    cluster.repositories.filter(({ stalled }) => stalled === null).map(({ forgeId }) => forgeId),
  );
  return stored.listings
    .filter(({ id, listedAt }) => followed.has(id) && (listedAt === null || older(listedAt, 30 * MINUTE, now)))
    .map(({ name, listedAt }) => ({
      what: name,
      since: listedAt,
      why: 'The forge was not listed since: what a lost delivery would have told is not known.',
      help: 'Its Repository says what its last listing met with: kubectl describe repository.',
    }));
});

const notReady = (objects: readonly Standing[], help: string): Said[] =>
  objects.flatMap(({ key, stalled }) =>
    stalled === null ? [] : [{ what: key, since: stalled.since, why: `${stalled.reason}: ${stalled.message}`, help }],
  );

export const repositories = under('repositories', ({ cluster }) =>
  notReady(cluster.repositories, 'Its condition says what to change; nothing is claimed or merged for it meanwhile.'),
);

export const agents = under('agents', ({ cluster }) =>
  notReady(cluster.agents, 'Its condition says what to change; it is given no work meanwhile.'),
);

/** Every check of rows, in the order in which a person should read them. The database itself is checked by reading it. */
export const examinations: readonly Check[] = [
  mark,
  leader,
  streams,
  repositories,
  agents,
  issues,
  tasks,
  effects,
  notices,
  deliveries,
  answers,
  queue,
  tails,
  outbox,
  mirror,
];
