import { createHash } from 'node:crypto';
import { apiVersion, childName, fieldManagers, type Issue, type Repository } from '#crds';
import { ensureSubject } from '#lib/events';
import type { FactUpdate } from '#lib/forge';
import type { KubeClient, KubeObject } from '#lib/kube';
import { forgeHost } from '../forges/forges.ts';
import { markedUid } from '../forges/writes.ts';
import type { Conductor } from '../issues/context.ts';
import { ISSUES } from '../objects.ts';

type IssueUpdate = Extract<FactUpdate, { kind: 'issue' }>;

/** Turns forge issues into Issue objects, under an identity of its own that may write nothing else. */
export class IssueIntake {
  readonly #conductor: Conductor;
  readonly #client: KubeClient;

  constructor(conductor: Conductor, intakeClient: KubeClient) {
    this.#conductor = conductor;
    this.#client = intakeClient;
  }

  /** Takes what a delivery says of a forge issue, and answers one sentence about what became of it. */
  async take(repository: Repository, update: IssueUpdate, delivery: string): Promise<string> {
    const known = this.#find(repository, update);
    if (update.label?.change === 'added' && update.label.name === repository.spec.intakeLabel) {
      if (known !== undefined && markedUid(update.facts.body) === known.metadata.uid)
        return `The issue is Issue ${known.metadata.name} already.`;
      return this.#approve(repository, update, delivery);
    }
    if (known === undefined)
      return `Issue #${update.number} does not carry the label ${repository.spec.intakeLabel} by a person's hand.`;
    if (update.action !== 'edited' && update.label === null) return `Noted for Issue ${known.metadata.name}.`;
    if (known.spec.source !== 'webhook')
      return `Issue ${known.metadata.name} was applied in the cluster; its text is changed there.`;
    return this.#edit(repository, known, update);
  }

  async #approve(repository: Repository, update: IssueUpdate, delivery: string): Promise<string> {
    if (!(await this.#mayWrite(repository, update)))
      return `${update.actor?.login ?? 'An unknown account'} may not write to the repository, so the label starts nothing.`;
    const issue = await this.#apply(repository, update);
    const { pool } = this.#conductor.log;
    const { namespace, name, uid } = issue.metadata as { namespace: string; name: string; uid: string };
    const forge = { host: forgeHost(repository), repoId: update.repositoryId, number: update.number };
    const { subject } = await ensureSubject(pool, { kind: 'Issue', namespace, name, uid, forge });
    const textDigest = `sha256:${createHash('sha256').update(`${update.facts.title}\n\n${update.facts.body}`).digest('hex')}`;
    const cause = {
      actor: { kind: 'webhook', name: update.actor!.login },
      causation: { kind: 'delivery', id: delivery },
    } as const;
    await this.#conductor.log.append(subject, cause, () => [
      { type: 'ISSUE_APPROVED', data: { actor: update.actor!, via: 'label', textDigest } },
    ]);
    return `${update.actor!.login} asked for Issue ${name}.`;
  }

  async #edit(repository: Repository, known: Issue, update: IssueUpdate): Promise<string> {
    if (!(await this.#mayWrite(repository, update)))
      return `The edit by ${update.actor?.login ?? 'an unknown account'}, who may not write, is recorded and not taken.`;
    await this.#apply(repository, update, known.metadata.name);
    return `The text of Issue ${known.metadata.name} follows the forge.`;
  }

  /** Server-side apply: only title, body and labels are the forge's; what a person set beside them stays. */
  async #apply(repository: Repository, update: IssueUpdate, name?: string): Promise<Issue & KubeObject> {
    const { facts, number } = update;
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
        title: facts.title.slice(0, 256),
        body: facts.body,
        labels: facts.labels.filter((label) => label.length <= 50).slice(0, 100),
        source: 'webhook',
      },
    };
    return this.#client.apply(ISSUES, object, { fieldManager: fieldManagers.intake, force: true });
  }

  async #mayWrite(repository: Repository, update: IssueUpdate): Promise<boolean> {
    if (update.actor === null) return false;
    const { forge, actor } = await this.#conductor.forges.forRepository(repository);
    if (update.actor.kind === 'bot' || update.actor.id === actor.id) return false;
    const permission = await forge.permission({ owner: update.owner, name: update.repository }, update.actor.login);
    await this.#conductor.mirror.putPermission(
      this.#conductor.log.pool,
      { host: forgeHost(repository), id: update.repositoryId },
      update.actor,
      permission,
    );
    return permission === 'admin' || permission === 'write';
  }

  #find(repository: Repository, update: IssueUpdate): (Issue & KubeObject) | undefined {
    const mine = this.#conductor.objects.issues
      .list(repository.metadata.namespace!)
      .filter((issue) => issue.spec.repositoryRef.name === repository.metadata.name);
    const uid = markedUid(update.facts.body);
    return (
      mine.find((issue) => (issue.spec.number ?? issue.status?.number) === update.number) ??
      mine.find((issue) => issue.metadata.uid === uid)
    );
  }
}
