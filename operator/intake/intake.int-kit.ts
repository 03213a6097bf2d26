import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { TestContext } from 'node:test';
import { Hono } from 'hono';
import type { Agent, Issue, Repository } from '#crds';
import { defaultPolicy } from '#domain';
import type { Pool } from '#lib/db';
import { Effects } from '#lib/events';
import type { Actor, CommentFacts, Forge, Permission } from '#lib/forge';
import { problemHandler } from '#lib/http';
import { createInformer, type KubeClient, type KubeObject, type Manager, Stalled } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { until } from '../../test/kit/cluster-wait.ts';
import { ForgeWrites } from '../forges/writes.ts';
import type { Conductor } from '../issues/context.ts';
import { Mirror } from '../mirror/mirror.ts';
import { watchObjects } from '../objects.ts';
import { type LogWorld, openLog } from '../store/store.int-kit.ts';
import { Answers } from './answers.ts';
import { DeliveryApplier } from './applier.ts';
import { CommandIntake } from './commands.ts';
import { IssueIntake } from './issues.ts';
import { Payloads } from './payloads.ts';
import { intakeRoute } from './route.ts';

export const SECRET = "It's a Secret to Everybody";
/** The conductor's own account at the forge. */
export const rig: Actor = { id: 900, login: 'rig', kind: 'user' };

/** A Repository that has been found at the forge under `id`. */
export function repositoryOf(
  id: number,
  fullName: string,
  change: Partial<Repository['metadata']> = {},
): Repository & KubeObject {
  const [owner, name] = fullName.split('/');
  const spec = {
    apiURL: 'https://api.github.com',
    owner,
    name,
    intakeLabel: 'rig',
    credentialsSecretRef: { name: 'forge' },
  };
  const metadata = { name: `repo-${id}`, namespace: 'team', uid: `repository-${id}`, ...change };
  return { metadata, spec, status: { forge: { repositoryID: id } } } as unknown as Repository & KubeObject;
}

export interface IntakeOptions {
  readonly repositories: readonly (Repository & KubeObject)[];
  /** Writes Issues: the API server's, or one in memory. */
  readonly client: KubeClient;
  /** Reads them; default the same. */
  readonly reader?: KubeClient;
  readonly permission?: (login: string) => Permission;
  /** Secret by the Repository's name; default the one of all. */
  readonly secret?: (repository: Repository) => Promise<string | null>;
}

/** Webhook route and applier over a real database, with a forge that only knows permissions. */
export interface IntakeWorld extends LogWorld {
  readonly mirror: Mirror;
  readonly app: Hono;
  readonly applier: DeliveryApplier;
  readonly options: IntakeOptions;
  /** Issues that were to be looked at again. */
  readonly affected: string[];
  /** Repositories that were to be looked at again. */
  readonly told: string[];
  /** What the conductor wrote at the forge. */
  readonly comments: Comment[];
  /** The Agents of the namespace. */
  readonly agents: AgentAccount[];
  readonly conductor: Conductor;
  /** Makes a call of the forge fail while it throws. */
  fault: () => void;
  /** Awaited before the forge says what an account may do in the repository of that name, or takes a comment (`comments`). */
  keepWaiting: (repository: string) => Promise<void>;
  send(event: string, payload: unknown, options?: SendOptions): Promise<Response>;
  /** Applies until nothing is unfinished. */
  settle(): Promise<void>;
  /** What became of a delivery. */
  outcome(id: string): Promise<{ outcome: string | null; detail: string; attempts: number }>;
  issues(): (Issue & KubeObject)[];
  /** Resolves when the cache shows it. */
  until(shown: (issues: (Issue & KubeObject)[]) => boolean): Promise<void>;
}

export interface SendOptions {
  readonly id?: string;
  readonly secret?: string;
  readonly headers?: Record<string, string>;
}

/** An Agent's account at the forge; null where it cannot be told. */
export interface AgentAccount {
  readonly name: string;
  readonly account: Actor | null;
}

function agentOf({ name }: AgentAccount) {
  return {
    metadata: { name, namespace: 'team', uid: name },
    spec: { role: 'developer', stacks: [], forgeCredentialsSecretRef: { name } },
  };
}

export interface Comment {
  readonly number: number;
  readonly body: string;
}

/** Keeps what is written; finds it again by its mark. */
function commentsOf(
  comments: Comment[],
  fault: () => void,
  wait: () => Promise<void>,
): Pick<Forge, 'comment' | 'findCommentByMarker' | 'origin'> {
  const facts = (id: number, body: string): CommentFacts => {
    const at = '2026-01-01T00:00:00Z';
    return { id, url: `https://github.com/c/${id}`, author: rig, body, createdAt: at, updatedAt: at };
  };
  return {
    origin: 'https://api.github.com',
    comment: async (_repo, number, body) => {
      await wait();
      fault();
      return facts(comments.push({ number, body }), body);
    },
    findCommentByMarker: async (_repo, number, mark) => {
      fault();
      const found = comments.findIndex((one) => one.number === number && one.body.includes(mark));
      return found < 0 ? null : facts(found + 1, comments[found]!.body);
    },
  };
}

function named(repositories: readonly Repository[]) {
  return (namespace: string, name: string) =>
    repositories.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
}

let deliveries = 0;

export async function openIntake(t: TestContext, options: IntakeOptions): Promise<IntakeWorld> {
  const log = await openLog(t);
  const over = new AbortController();
  const objects = watchObjects({
    informer: (resource: never, selection: never) =>
      createInformer(options.reader ?? options.client, resource, selection),
  } as unknown as Manager);
  const informer = objects.issues;
  const run = informer.run(over.signal);
  t.after(async () => {
    over.abort();
    await run;
    await world.idle();
    await payloads.close();
    await log.pool.end();
  });
  await informer.waitForSync();
  const mirror = new Mirror();
  const affected: string[] = [];
  const told: string[] = [];
  const comments: Comment[] = [];
  const agents: AgentAccount[] = [];
  const payloads = new Payloads();
  const forge = {
    permission: async (repo: { name: string }, login: string) => {
      await world.keepWaiting(repo.name);
      world.fault();
      return options.permission?.(login) ?? 'write';
    },
    ...commentsOf(
      comments,
      () => world.fault(),
      () => world.keepWaiting('comments'),
    ),
  };
  const conductor = {
    client: options.client,
    objects: {
      ...objects,
      repositories: { list: () => options.repositories, get: named(options.repositories) },
      agents: { list: () => agents.map(agentOf) },
    },
    log: log.log,
    mirror,
    leader: log.leader,
    writes: new ForgeWrites(new Effects({ db: log.pool }), log.pool),
    forges: {
      forRepository: async () => ({ forge, actor: rig }),
      forAgent: async ({ metadata }: Agent) => {
        const account = agents.find(({ name }) => name === metadata.name)?.account ?? null;
        if (account === null) throw new Stalled('SecretMissing', 'No such Secret.');
        return { forge, actor: account };
      },
      webhookSecret: options.secret ?? (async () => SECRET),
    },
    now: Date.now,
    policy: defaultPolicy,
  } as unknown as Conductor;
  const answers = new Answers({ conductor, logger: silentLogger, retryMs: 1 });
  const applier = new DeliveryApplier({
    conductor,
    intake: new IssueIntake(conductor, options.client),
    commands: new CommandIntake(conductor, () => answers.kick()),
    payloads,
    onRepository: ({ metadata }) => told.push(metadata.name!),
    onAffected: ({ name }) => affected.push(name),
    logger: silentLogger,
    retryMs: 1,
  });
  applier.start(over.signal);
  answers.start(over.signal);
  const app = routeOf(log.pool, options, payloads, () => applier.kick());
  const world = {
    ...log,
    mirror,
    app,
    applier,
    options,
    affected,
    told,
    comments,
    agents,
    conductor,
    fault: () => {},
    keepWaiting: async (_repository: string) => {},
    ...actions(log.pool, app, applier, answers),
  };
  return Object.assign(world, {
    issues: () => informer.list(),
    until: (shown: (issues: (Issue & KubeObject)[]) => boolean) =>
      until('the cache shows it', () => shown(informer.list())).then(() => {}),
  });
}

function routeOf(db: Pool, options: IntakeOptions, payloads: Payloads, onStored: () => void): Hono {
  const webhookSecret = options.secret ?? (async () => SECRET);
  const app = new Hono();
  app.onError(problemHandler());
  app.post(
    '/webhooks/github',
    intakeRoute({ db, repositories: () => options.repositories, webhookSecret, payloads, onStored, now: Date.now }),
  );
  return app;
}

function actions(pool: Pool, app: Hono, applier: DeliveryApplier, answers: Answers) {
  const settle = async () => {
    const left = `SELECT FROM deliveries WHERE finished_at IS NULL UNION ALL SELECT FROM answers WHERE ended_at IS NULL LIMIT 1`;
    await until('every delivery is finished and every answer sent', async () => {
      applier.kick();
      answers.kick();
      return (await pool.query(left)).rowCount === 0;
    });
  };
  return {
    send: (event: string, payload: unknown, options: SendOptions = {}) => send(app, event, payload, options),
    settle,
    idle: async () => void (await Promise.all([applier.idle(), answers.idle()])),
    outcome: async (id: string) => {
      await settle();
      const { rows } = await pool.query('SELECT outcome, detail, attempts FROM deliveries WHERE id = $1', [id]);
      assert.ok(rows[0], `delivery ${id} is not stored`);
      return rows[0];
    },
  };
}

export function sign(body: string | Uint8Array, secret = SECRET): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** Sends a payload (or, if it is text or bytes, just that) as the forge would. */
export async function send(app: Hono, event: string, payload: unknown, options: SendOptions = {}): Promise<Response> {
  const raw = typeof payload === 'string' || payload instanceof Uint8Array;
  const body = raw ? (payload as string) : JSON.stringify(payload);
  const { id = `delivery-${++deliveries}`, secret = SECRET, headers = {} } = options;
  return app.request('/webhooks/github', {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': id,
      'x-hub-signature-256': sign(body, secret),
      ...headers,
    },
  });
}
