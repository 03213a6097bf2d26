import { createHash } from 'node:crypto';
import { apiVersion, childName, fieldManagers, type Issue, type Repository } from '#crds';
import { decideApproved, decideCommand, type EventType } from '#domain';
import type { Queryable } from '#lib/db';
import { ensureSubject } from '#lib/events';
import type { FactUpdate, ForgeIssueFacts } from '#lib/forge';
import type { KubeClient, KubeObject } from '#lib/kube';
import { correlate } from '#lib/observe';
import { forgeHost } from '../forges/forges.ts';
import { markedUid } from '../forges/writes.ts';
import type { Conductor } from '../issues/context.ts';
import { Subjects } from '../issues/subject.ts';
import { workedOf } from '../issues/twins.ts';
import { CLOCKS_MS } from '../mirror/told.ts';
import { ISSUES, isOfForge } from '../objects.ts';
import type { Cause } from '../store/log.ts';
import type { SubjectName } from '../store/project.ts';
import { isPerson, standingOf } from './people.ts';

/** How what a listing found is named, in place of a delivery. */
export const LISTED = 'event-';

/** What the schema of Issue takes. */
const MAX_TITLE = 256;
const MAX_BODY = 65_536;

type IssueUpdate = Extract<FactUpdate, { kind: 'issue' }>;

/** Turns forge issues into Issue objects, under an identity of its own that may write nothing else. */
export class IssueIntake {
  readonly #conductor: Conductor;
  readonly #client: KubeClient;

  constructor(conductor: Conductor, intakeClient: KubeClient) {
    this.#conductor = conductor;
    this.#client = intakeClient;
  }

  /**
   * Takes what a delivery says of a forge issue, and answers one sentence about what became of it. Taking a delivery again changes nothing.
   * Rejects when forge, API server or database do not answer.
   */
  async take(repository: Repository, update: IssueUpdate, delivery: string): Promise<string> {
    const known = await this.#find(repository, update);
    const { label } = update;
    const asked = label?.change === 'added' && sameLabel(label.name, repository.spec.intakeLabel);
    if (known === undefined)
      return asked
        ? this.#approve(repository, update, delivery)
        : `Issue #${update.number} was not given the label ${repository.spec.intakeLabel} by this.`;
    const { name } = known.metadata;
    if (update.reopened) return this.#reopen(repository, known, update, delivery);
    if (!asked && update.edited.length === 0 && label === null) return `Noted for Issue ${name}.`;
    if (!isOfForge(known)) return `Issue ${name} was applied in the cluster; its text is changed there.`;
    return asked ? this.#approve(repository, update, delivery, known) : this.#edit(repository, known, update);
  }

  async #approve(repository: Repository, update: IssueUpdate, delivery: string, known?: Issue): Promise<string> {
    const standing = await standingOf(this.#conductor, repository, update, update.actor);
    if (!standing.may) return `${standing.why}, so the label starts nothing.`;
    // Who asks for it is a person; what an agent wrote itself earns it nothing, whoever asks.
    const { author } = update.facts;
    const source = (await isPerson(this.#conductor, repository, author)) ? 'webhook' : 'agent';
    const issue = await this.#apply(repository, update.number, update.facts, source, known?.metadata.name);
    const { pool } = this.#conductor.log;
    const { namespace, name, uid } = issue.metadata as { namespace: string; name: string; uid: string };
    const forge = { host: forgeHost(repository), repoId: update.repositoryId, number: update.number };
    const { subject } = await ensureSubject(pool, { kind: 'Issue', namespace, name, uid, forge });
    correlate(subject.id);
    await this.#recordApproval(subject, update, delivery);
    return `${update.actor!.login} asked for Issue ${name}.`;
  }

  /** One approval for one label: a delivery may be applied again after a crash, and a listing may find at the same moment what it tells. */
  async #recordApproval(subject: SubjectName, update: IssueUpdate, delivery: string): Promise<void> {
    const { title, body } = update.facts;
    const textDigest = `sha256:${createHash('sha256').update(`${title}\n\n${body}`).digest('hex')}`;
    await this.#conductor.log.record(subject, causeOf(update, delivery), async (state, tx) => {
      const approved = { actor: update.actor!, via: 'label', textDigest } as const;
      const told = await isTold(tx, subject, 'ISSUE_APPROVED', delivery);
      const found = told || (await isFoundToo(tx, subject, update, delivery));
      return { events: found ? [] : decideApproved(state, approved), value: undefined };
    });
  }

  /** The forge's own button: what was done, failed or cancelled is asked for again, by one who may. The conductor reopens too, and means nothing by it. */
  async #reopen(
    repository: Repository,
    known: Issue & KubeObject,
    update: IssueUpdate,
    delivery: string,
  ): Promise<string> {
    const standing = await standingOf(this.#conductor, repository, update, update.actor);
    if (!standing.may) return `${standing.why}, so nothing follows from its being reopened.`;
    const subject = await new Subjects().of(this.#conductor, known);
    const asked = { command: { do: 'reopen' }, by: update.actor!, comment: null } as const;
    const { value } = await this.#conductor.log.record(subject, causeOf(update, delivery), async (state, tx) => {
      if (await isTold(tx, subject, 'COMMAND_ACCEPTED', delivery))
        return { events: [], value: 'It was taken already.' };
      const decision = decideCommand(state, asked);
      return { events: decision.accepted ? decision.events : [], value: decision.message };
    });
    return `${update.actor!.login} reopened it: ${value}`;
  }

  /**
   * Who sends it stands for what this edit changed and for nothing else: the rest of the text, or all of it where only a label was put on or
   * taken off, may be of somebody without the right to. Of two edits that arrive in the wrong order only the newer one, which the mirror has by
   * now, is taken.
   */
  async #edit(repository: Repository, known: Issue, update: IssueUpdate): Promise<string> {
    const { name } = known.metadata;
    const standing = await standingOf(this.#conductor, repository, update, update.actor);
    if (!standing.may) return `${standing.why}, so the edit is recorded and not taken.`;
    const { mirror, log } = this.#conductor;
    const key = { host: forgeHost(repository), id: update.repositoryId };
    const newest = (await mirror.issue(log.pool, key, update.number))?.facts ?? update.facts;
    if (update.edited.some((part) => newest[part] !== update.facts[part]))
      return `A newer text of Issue ${name} is known already.`;
    const kept = { title: known.spec.title, body: known.spec.body ?? '', labels: newest.labels };
    const taken = Object.fromEntries(update.edited.map((part) => [part, update.facts[part]]));
    await this.#apply(repository, update.number, { ...kept, ...taken }, known.spec.source, name);
    return `Issue ${name} follows the forge.`;
  }

  /** Server-side apply: only title, body and labels are the forge's; what a person set beside them stays. */
  async #apply(
    repository: Repository,
    number: number,
    facts: Pick<ForgeIssueFacts, 'title' | 'body' | 'labels'>,
    source: Issue['spec']['source'],
    name?: string,
  ): Promise<Issue & KubeObject> {
    const object = {
      apiVersion,
      kind: 'Issue',
      metadata: {
        name: name ?? childName([repository.metadata.name!, number]),
        namespace: repository.metadata.namespace!,
      },
      spec: {
        repositoryRef: { name: repository.metadata.name! },
        number,
        title: facts.title.slice(0, MAX_TITLE).toWellFormed(),
        body: facts.body.slice(0, MAX_BODY).toWellFormed(),
        labels: [...new Set(facts.labels)].filter(({ length }) => length > 0 && length <= 50).slice(0, 100),
        source,
      },
    };
    return this.#client.apply(ISSUES, object, { fieldManager: fieldManagers.intake, force: true });
  }

  /** By its number; before that is in its status, by the mark that the conductor left in what it filed. Others may copy a mark. */
  async #find(repository: Repository, update: IssueUpdate): Promise<(Issue & KubeObject) | undefined> {
    const mine = this.#conductor.objects.issues
      .list(repository.metadata.namespace!)
      .filter((issue) => issue.spec.repositoryRef.name === repository.metadata.name);
    const numbered = workedOf(mine.filter((issue) => numberOf(issue) === update.number));
    const uid = markedUid(update.facts.body);
    if (numbered !== undefined || uid === null) return numbered;
    const marked = mine.find((issue) => issue.metadata.uid === uid && numberOf(issue) === undefined);
    if (marked === undefined) return undefined;
    const { actor } = await this.#conductor.forges.forRepository(repository);
    return actor.id === update.facts.author.id ? marked : undefined;
  }
}

function causeOf({ actor }: IssueUpdate, delivery: string): Cause {
  return { actor: { kind: 'webhook', name: actor!.login }, causation: { kind: 'delivery', id: delivery } };
}

/** Whether what a delivery told is in the log: it may be applied again after a crash. */
async function isTold(db: Queryable, { id }: SubjectName, type: EventType, delivery: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `SELECT FROM events WHERE stream = $1 AND type = $2 AND meta->'causation'->>'id' = $3`,
    [id, type, delivery],
  );
  return rowCount !== 0;
}

/**
 * Whether the other of listing and delivery has recorded the same label by now: given by the same account, and recorded no earlier than it was given.
 * Looked at where the stream is locked, for both look before they take what they found.
 */
async function isFoundToo(
  db: Queryable,
  { id }: SubjectName,
  { actor, updatedAt }: IssueUpdate,
  cause: string,
): Promise<boolean> {
  if (updatedAt === null) return false;
  const { rowCount } = await db.query(
    `SELECT FROM events WHERE stream = $1 AND type = 'ISSUE_APPROVED' AND data->'actor'->>'id' = $2
       AND starts_with(meta->'causation'->>'id', $3) <> $4 AND at >= $5::timestamptz - $6 * interval '1 ms'`,
    [id, String(actor!.id), LISTED, cause.startsWith(LISTED), updatedAt, CLOCKS_MS],
  );
  return rowCount !== 0;
}

function numberOf({ spec, status }: Issue): number | undefined {
  return spec.number ?? status?.number;
}

/** A forge's labels know no case. */
function sameLabel(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
