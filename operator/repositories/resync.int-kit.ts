import assert from 'node:assert/strict';
import type { Issue, Repository } from '#crds';
import { type Condition, findCondition, isConditionTrue, type KubeObject } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { until } from '../../test/kit/cluster-wait.ts';
import { fileLife, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyIssue, applyTenant } from '../api/objects.int-kit.ts';
import { Answers } from '../intake/answers.ts';
import { CommandIntake } from '../intake/commands.ts';
import { noteDelivered } from '../intake/hooks.ts';
import { IssueIntake } from '../intake/issues.ts';
import type { Conductor } from '../issues/context.ts';
import type { RepositoryKey } from '../mirror/mirror.ts';
import { type Deed, putTold } from '../mirror/told.ts';
import { ISSUES, REPOSITORIES } from '../objects.ts';
import { RepositoryController } from './controller.ts';
import { type Round, updateOf } from './round.ts';

const R = '/repos/acme/widgets';

/** A conductor that no delivery reaches: what happens at the loopback forge it finds by listing alone. */
export class Deaf {
  readonly rig: TestConductor;
  readonly repositories: RepositoryController;
  readonly answers: Answers;
  readonly commands: CommandIntake;
  readonly intake: IssueIntake;
  /** Names of Issues that were to be looked at again since the last sync. */
  readonly poked = new Set<string>();
  /** What was found and not taken, for a person to mend. */
  readonly warnings: string[] = [];
  /** Called with each Issue that is to be looked at again. */
  onAffected: (issue: { namespace: string; name: string }) => void = () => {};
  /** Added to the clock of the conductor, in ms. */
  ahead = 0;
  #syncs = 0;

  private constructor(rig: TestConductor) {
    this.rig = rig;
    const record = (_object: unknown, { reason, message }: { reason: string; message: string }) =>
      void (reason === 'LabelerUnknown' && this.warnings.push(message));
    const recorder = { record } as unknown as Conductor['recorder'];
    const conductor = { ...rig.conductor, now: () => Date.now() + this.ahead, recorder };
    const onAffected = (issue: { namespace: string; name: string }) => {
      this.poked.add(issue.name);
      this.onAffected(issue);
    };
    const intake = new IssueIntake(conductor, rig.client);
    this.intake = intake;
    const commands = new CommandIntake(conductor, () => this.answers.kick());
    this.commands = commands;
    this.answers = new Answers({ conductor, logger: silentLogger });
    this.repositories = new RepositoryController(conductor, silentLogger, { intake, commands, onAffected });
  }

  /** `maintainer` may write and is a person; the conductor itself is `boss`. */
  static async start(): Promise<Deaf> {
    const rig = await testConductor(fileLife);
    rig.manager.start();
    for (const [login, permission] of [
      ['maintainer', 'write'],
      ['triager', 'triage'],
      ['author', 'read'],
    ]) {
      const { body } = await rig.world.admin('POST', '/users', { login });
      rig.world.tokens.set(login!, body.token);
      await rig.world.admin('PUT', `/repositories/acme/widgets/collaborators/${login}`, { permission });
    }
    const enforcement = { kind: 'none', because: 'a test', approvalApp: 'rig-verifier' } as const;
    await applyTenant(rig, { enforcement, webhookSecretRef: { name: 'hook' } });
    const deaf = new Deaf(rig);
    await deaf.repositories.controller.start();
    const over = new AbortController();
    deaf.answers.start(over.signal);
    fileLife.after(() => {
      over.abort();
      return deaf.answers.idle();
    });
    fileLife.after(() => deaf.repositories.controller.stop({ graceMs: 0 }));
    await deaf.until(({ status }) => isConditionTrue(status?.conditions as Condition[], 'Ready'));
    return deaf;
  }

  /** Has the repository listed, to its end. */
  async sync(): Promise<Repository> {
    this.poked.clear();
    const asked = String(++this.#syncs);
    const ref = { namespace: this.rig.namespace, name: 'widgets' };
    await this.rig.client.patch(REPOSITORIES, ref, { metadata: { annotations: { 'rig.dashecorp.com/sync': asked } } });
    return this.until(({ status }) => status?.lastHandledSync === asked);
  }

  /** Resolves to the Repository when the cache shows it so. */
  until(shown: (repository: Repository) => boolean): Promise<Repository & KubeObject> {
    return until('the Repository says so', () => {
      const seen = this.rig.conductor.objects.repositories.get(this.rig.namespace, 'widgets');
      return seen !== undefined && shown(seen) ? seen : undefined;
    });
  }

  condition(repository: Repository, type: string): Condition | undefined {
    return findCondition(repository.status?.conditions as Condition[], type);
  }

  async forgeIssue(who: string, fields: { title: string; body?: string }): Promise<number> {
    return (await this.rig.world.rest(who, `POST ${R}/issues`, fields, 201)).body.number;
  }

  label(who: string, number: number, label = 'rig'): Promise<unknown> {
    return this.rig.world.rest(who, `POST ${R}/issues/${number}/labels`, { labels: [label] });
  }

  edit(who: string, number: number, change: object): Promise<unknown> {
    return this.rig.world.rest(who, `PATCH ${R}/issues/${number}`, change);
  }

  /** The Issue of a number, as the API server has it. */
  async issue(number: number): Promise<(Issue & KubeObject) | undefined> {
    const { items } = await this.rig.client.list(ISSUES, { namespace: this.rig.namespace });
    return items.find(({ spec }) => spec.number === number);
  }

  /** The Issue of a number, once the caches have it: what is found later is compared with them. */
  async known(number: number): Promise<Issue & KubeObject> {
    const issue = await this.issue(number);
    assert.ok(issue, `there is no Issue of #${number}`);
    await until('the cache has it', () =>
      this.rig.conductor.objects.issues.get(this.rig.namespace, issue.metadata.name!),
    );
    return issue;
  }

  /** Who approved the work on a number, in order. */
  async approvals(number: number): Promise<string[]> {
    const { rows } = await this.rig.db.pool.query(
      `SELECT data->'actor'->>'login' AS login FROM events e JOIN subjects s ON s.id = e.stream
       WHERE s.number = $1 AND type = 'ISSUE_APPROVED' ORDER BY version`,
      [number],
    );
    return rows.map(({ login }) => login);
  }

  /** Resolves to the Issue of a number when the caches show it so. */
  shown(number: number, shown: (issue: Issue) => boolean): Promise<Issue & KubeObject> {
    const { objects } = this.rig.conductor;
    return until('the Issue is shown so', () =>
      objects.issues.list(this.rig.namespace).find((issue) => issue.spec.number === number && shown(issue)),
    );
  }

  async key(): Promise<RepositoryKey> {
    const { host, repositoryID } = (await this.until(({ status }) => status?.forge !== undefined)).status!.forge!;
    return { host: host!, id: repositoryID! };
  }

  /** Notes that a delivery about the repository arrived now. */
  async delivered(): Promise<void> {
    await noteDelivered(this.rig.db.pool, await this.key(), null, new Date(Date.now() + this.ahead));
  }

  /** Notes that a delivery told of something done to an issue now. */
  async told(number: number, deed: Deed): Promise<void> {
    await putTold(this.rig.db.pool, await this.key(), number, deed, new Date().toISOString());
  }

  /** What was taken so far lies a minute back: what follows within seconds may be one and the same. */
  async aMinuteLater(): Promise<void> {
    await this.rig.db.pool.query(`UPDATE forge_told SET at = at - interval '1 minute'`);
  }

  /** Takes the label that was just given as its delivery does, and dies before it is written down that it was taken. */
  async deliverLabel(who: string, number: number): Promise<string> {
    const repository = await this.until(({ status }) => status?.forge !== undefined);
    const { id } = (await this.rig.world.rest(who, 'GET /user')).body;
    const { body } = await this.rig.world.rest(who, `GET ${R}/issues/${number}`);
    const actor = { id, login: who, kind: 'user' } as const;
    const facts = {
      number,
      url: body.html_url,
      state: 'open',
      title: body.title,
      body: body.body ?? '',
      author: actor,
      labels: ['rig'],
      updatedAt: body.updated_at,
    } as const;
    const round = { key: await this.key(), repo: { owner: 'acme', name: 'widgets' } } as Round;
    const told = {
      action: 'labeled',
      actor,
      updatedAt: body.updated_at,
      label: { name: 'rig', change: 'added' },
    } as const;
    return this.intake.take(repository, updateOf(round, facts, told), `delivery-of-${number}`);
  }

  /** An Issue whose pull request is open. */
  async atWork(name: string, number: number, headSHA: string): Promise<Issue & KubeObject> {
    const issue = await applyIssue(this.rig, name);
    const pullRequest = { number, headSHA, url: `${this.rig.world.forge.url}/acme/widgets/pull/${number}` };
    const status = { observedGeneration: 1, phase: 'InReview', branch: `rig/${name}/1`, pullRequest };
    await this.rig.client.applyStatus(ISSUES, { ...issue, status } as typeof issue);
    await until('the cache has its status', () => {
      return this.rig.conductor.objects.issues.get(this.rig.namespace, name)?.status?.pullRequest;
    });
    return issue;
  }
}
