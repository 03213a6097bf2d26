import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Repository } from '#crds';
import type { DomainEvent, Tier } from '#domain';
import { ensureSubject } from '#lib/events';
import { silentLogger } from '#lib/observe';
import { deed, storyOf } from '../../../domain/testing/ledger.ts';
import { IssueLog } from '../../store/log.ts';
import { type LedgerWorld, openLedger } from '../ledger.int-kit.ts';
import { Reverts, type RevertsOptions } from './reverts.ts';

/** A repository that a test works in with real git. */
export class Work {
  readonly dir: string;
  readonly bare: string;

  constructor(t: Pick<TestContext, 'after'>) {
    const root = mkdtempSync(join(tmpdir(), 'rig-reverts-'));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    this.dir = join(root, 'work');
    this.bare = join(root, 'bare.git');
    execFileSync('git', ['init', '-q', '-b', 'main', this.dir]);
    execFileSync('git', ['init', '-q', '--bare', this.bare]);
  }

  git(...args: string[]): string {
    const who = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@x', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@x' };
    const env = { PATH: process.env.PATH, HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1', ...who };
    return execFileSync('git', args, {
      cwd: this.dir,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  }

  write(path: string, content: string | Buffer): this {
    const file = join(this.dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return this;
  }

  /** Commits everything, and answers the commit. */
  commit(message = 'A change'): string {
    this.git('add', '-A');
    this.git('commit', '-q', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD');
  }

  /** Shows the forge's base branch as it is here now. */
  publish(): string {
    this.git('push', '-q', '-f', this.bare, 'main:main');
    return this.git('rev-parse', 'main');
  }
}

const REPO_ID = 7;

export interface RevertsWorld {
  readonly ledger: LedgerWorld;
  readonly work: Work;
  readonly reverts: Reverts;
  /** An issue whose change was merged as this commit; answers its stream. The issue is graded T0 of class docs, and so is the change unless told otherwise. */
  merged(issue: number, mergeSHA: string, graded?: { issue?: Tier; change?: Tier | null }): Promise<string>;
  /** Publishes the branch, and looks it through. */
  look(): Promise<void>;
  /** No copy has the commit any more, nor has the forge. */
  lose(commit: string): void;
  /** Lets the time pass after which what could not be read is tried again. */
  forget(): void;
  /** What was told of a change since it was merged. */
  told(stream: string): Promise<DomainEvent[]>;
}

/** Reverts over real git and PostgreSQL; the forge is a bare repository beside them. */
export async function openReverts(
  t: Pick<TestContext, 'after'>,
  over: { mergeMethod?: string } = {},
): Promise<RevertsWorld> {
  const ledger = await openLedger(t);
  const { pool, store } = ledger;
  const work = new Work(t);
  const log = new IssueLog({ pool, store, taskDeadlineMs: 1, onAppend: () => {} });
  const repository = {
    metadata: { namespace: 'tenant-a', name: 'widgets' },
    spec: {
      apiURL: 'https://forge.test',
      cloneURL: 'https://forge.test/acme/widgets.git',
      owner: 'acme',
      name: 'widgets',
      defaultBranch: 'main',
      mergeMethod: 'squash',
      ...over,
    },
    status: { forge: { repositoryID: REPO_ID, host: 'forge.test', fullName: 'acme/widgets' } },
  } as unknown as Repository;
  let ahead = 0;
  const lost = new Set<string>();
  const conductor = {
    log,
    now: () => Date.now() + ahead,
    objects: { repositories: { list: () => [repository] } },
    forges: { forRepository: async () => ({ forge: { gitAuthorization: async () => ({}) } }) },
  } as unknown as RevertsOptions['conductor'];
  const cache = {
    refresh: async () => new Map([['main', work.git('ls-remote', work.bare, 'refs/heads/main').split('\t')[0]!]]),
    bring: async (_: unknown, sha: string) => !lost.has(sha),
    quarantine: <T>(_: unknown, use: (path: string) => Promise<T>) => use(work.bare),
  } as unknown as RevertsOptions['cache'];
  await pool.query(
    "INSERT INTO forge_repositories (host, id, owner, name, facts, updated_at, observed_at) VALUES ('forge.test', $1, 'acme', 'widgets', $2, now(), now())",
    [REPO_ID, JSON.stringify({ defaultBranch: 'main', defaultBranchSHA: null })],
  );
  const reverts = new Reverts({ conductor, store, cache, logger: silentLogger });
  return {
    ledger,
    work,
    reverts,
    async merged(issue, mergeSHA, { issue: asked = 'T0', change = 'T0' } = {}) {
      const ref = { kind: 'Issue', namespace: 'tenant-a', name: `widgets-${issue}`, uid: `uid-${issue}` };
      const { subject } = await ensureSubject(pool, {
        ...ref,
        forge: { host: 'forge.test', repoId: REPO_ID, number: issue },
      });
      const events = storyOf(deed({ issue, tier: asked, mergedAt: 0 })).flatMap((event): DomainEvent[] => {
        if (event.type === 'CHANGE_MEASURED') return [];
        if (event.type !== 'MERGED') return [event];
        const { headSHA } = event.data;
        const grade = { headSHA, taskClass: 'docs', rule: 'docs', path: null, reason: 'So.', policy: 'uid.1' };
        const graded: DomainEvent[] =
          change === null ? [] : [{ type: 'CHANGE_CLASSIFIED', data: { ...grade, tier: change } }];
        return [...graded, { ...event, data: { ...event.data, mergeSHA, number: issue + 100 } }];
      });
      await ledger.append(subject.id, ...events);
      return subject.id;
    },
    async look() {
      const tip = work.publish();
      await pool.query(
        "UPDATE forge_repositories SET facts = jsonb_set(facts, '{defaultBranchSHA}', to_jsonb($1::text))",
        [tip],
      );
      await ledger.service.settle();
      await reverts.lookAll();
      await ledger.service.settle();
    },
    lose(commit) {
      lost.add(commit);
    },
    forget() {
      ahead += 3_600_000;
    },
    async told(stream) {
      const events = (await store.read(stream)) as unknown as DomainEvent[];
      return events.filter(({ type }) => /^(CHANGE_(MEASURED|REVERTED)|REVERT_QUESTIONED)$/.test(type));
    },
  };
}
