import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from './database.ts';
import type * as rows from './rows.ts';
import { type Field, Table } from './table.ts';

/** Everything the forge remembers except git objects and refs. */
export class Store {
  readonly #db: DatabaseSync;
  #depth = 0;
  #afterCommit: (() => void)[] = [];
  readonly users;
  readonly tokens;
  readonly apps;
  readonly repositories;
  readonly collaborators;
  readonly refs;
  readonly labels;
  readonly issues;
  readonly pulls;
  readonly comments;
  readonly reviews;
  readonly threads;
  readonly reviewComments;
  readonly checkSuites;
  readonly checkRuns;
  readonly statuses;
  readonly hooks;
  readonly deliveries;
  readonly deployments;
  readonly deploymentStatuses;
  readonly protections;
  readonly rulesets;
  readonly activities;
  readonly issueEvents;
  readonly installations;
  readonly faults;
  readonly limits;
  readonly webhookFaults;
  readonly redirects;
  readonly reactions;
  readonly attestations;

  constructor(dataDir: string) {
    this.#db = openDatabase(dataDir);
    let base = 1;
    const table = <R extends { id: number }>(name: string, indexes: readonly (readonly Field<R>[])[]) => {
      const made = new Table<R>(this.#db, name, indexes, base);
      base += 1_000_000;
      return made;
    };
    this.users = table<rows.UserRow>('users', [['loginKey'], ['email']]);
    this.tokens = table<rows.TokenRow>('tokens', [['hash']]);
    this.apps = table<rows.AppRow>('apps', [['slug']]);
    this.repositories = table<rows.RepositoryRow>('repositories', [['ownerKey', 'nameKey']]);
    this.collaborators = table<rows.CollaboratorRow>('collaborators', [['repoId', 'userId']]);
    this.refs = table<rows.RefRow>('refs', [['repoId', 'name']]);
    this.labels = table<rows.LabelRow>('labels', [['repoId', 'nameKey']]);
    this.issues = table<rows.IssueRow>('issues', [
      ['repoId', 'number'],
      ['repoId', 'state', 'createdAt'],
      ['repoId', 'updatedAt'],
    ]);
    this.pulls = table<rows.PullRow>('pulls', [
      ['repoId', 'number'],
      ['issueId'],
      ['repoId', 'headRef'],
      ['repoId', 'baseRef'],
      ['repoId', 'headSha'],
    ]);
    this.comments = table<rows.CommentRow>('comments', [['issueId'], ['repoId', 'updatedAt']]);
    this.reviews = table<rows.ReviewRow>('reviews', [['pullId']]);
    this.threads = table<rows.ThreadRow>('threads', [['pullId']]);
    this.reviewComments = table<rows.ReviewCommentRow>('review_comments', [['pullId'], ['reviewId'], ['threadId']]);
    this.checkSuites = table<rows.CheckSuiteRow>('check_suites', [['repoId', 'headSha']]);
    this.checkRuns = table<rows.CheckRunRow>('check_runs', [['repoId', 'headSha'], ['suiteId'], ['status']]);
    this.statuses = table<rows.StatusRow>('statuses', [['repoId', 'sha']]);
    this.hooks = table<rows.HookRow>('hooks', [['repoId']]);
    this.deliveries = table<rows.DeliveryRow>('deliveries', [['hookId'], ['guid'], ['pendingHookId', 'dueAt']]);
    // Each table counts from its own base: new ones come last, so that data of earlier versions keeps its ids.
    this.deployments = table<rows.DeploymentRow>('deployments', [['repoId', 'environment'], ['reportAt']]);
    this.deploymentStatuses = table<rows.DeploymentStatusRow>('deployment_statuses', [['deploymentId']]);
    this.protections = table<rows.ProtectionRow>('protections', [['repoId', 'branch']]);
    this.rulesets = table<rows.RulesetRow>('rulesets', [['repoId']]);
    this.activities = table<rows.ActivityRow>('activities', [
      ['repoId', 'ref'],
      ['repoId', 'timestamp'],
    ]);
    this.issueEvents = table<rows.IssueEventRow>('issue_events', [['repoId'], ['issueId']]);
    this.installations = table<rows.InstallationRow>('installations', [['appId'], ['accountId']]);
    this.faults = table<rows.FaultRow>('faults', []);
    this.limits = table<rows.LimitRow>('limits', []);
    this.webhookFaults = table<rows.WebhookFaultRow>('webhook_faults', []);
    this.redirects = table<rows.RedirectRow>('redirects', [['ownerKey', 'nameKey'], ['repoId']]);
    this.reactions = table<rows.ReactionRow>('reactions', [['subject', 'subjectId']]);
    this.attestations = table<rows.AttestationRow>('attestations', [['repoId', 'digest']]);
  }

  /** Runs `work` in one transaction: all of it is kept or none. Nested calls join the outer one. `work` is synchronous by type. */
  transaction<T>(work: () => T extends Promise<unknown> ? never : T): T {
    if (this.#depth > 0) return work();
    this.#db.exec('BEGIN IMMEDIATE');
    this.#depth++;
    try {
      const result = work();
      this.#db.exec('COMMIT');
      this.#depth--;
      for (const notify of this.#afterCommit.splice(0)) notify();
      return result;
    } catch (error) {
      if (this.#depth > 0) {
        this.#depth--;
        this.#afterCommit = [];
        this.#db.exec('ROLLBACK');
      }
      throw error;
    }
  }

  /** Runs `notify` once the running transaction is kept, or at once outside of one; never after a rollback. */
  afterCommit(notify: () => void): void {
    if (this.#depth > 0) this.#afterCommit.push(notify);
    else notify();
  }

  close(): void {
    this.#db.close();
  }
}
