import { type Fact, known, unknown } from '#domain';
import type { Queryable } from '#lib/db';
import type {
  Actor,
  CheckFacts,
  ForgeIssueFacts,
  Permission,
  PullRequestFacts,
  PullRequestSummary,
  RepositoryFacts,
  ReviewFacts,
} from '#lib/forge';
import { BASE_CHANGED_AT } from './base.ts';
import { mergeFacts } from './merge.ts';
import { issueRow, repositoryRow } from './rows.ts';

/** Names a repository for good: the forge's host and its numeric id there. */
export interface RepositoryKey {
  readonly host: string;
  readonly id: number;
}

/** The tables `forge_*`: what the forge said last. Every write is guarded so that an older fact never overwrites a newer one. */
export class Mirror {
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Facts without a tip (a delivery's) keep the one that is known, as long as the default branch is the same. */
  async putRepository(db: Queryable, host: string, facts: RepositoryFacts, updatedAt: string): Promise<void> {
    await db.query(
      `INSERT INTO forge_repositories AS r (host, id, owner, name, facts, updated_at, observed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (host, id) DO UPDATE SET owner = excluded.owner, name = excluded.name, updated_at = excluded.updated_at, observed_at = excluded.observed_at,
         tip_pushed_at = CASE WHEN excluded.facts->>'defaultBranch' = r.facts->>'defaultBranch' THEN r.tip_pushed_at END,
         facts = CASE WHEN excluded.facts->>'defaultBranchSHA' IS NULL AND excluded.facts->>'defaultBranch' = r.facts->>'defaultBranch'
           THEN jsonb_set(excluded.facts, '{defaultBranchSHA}', coalesce(r.facts->'defaultBranchSHA', 'null')) ELSE excluded.facts END
       WHERE r.updated_at <= excluded.updated_at`,
      [host, facts.id, facts.owner, facts.name, JSON.stringify(facts), updatedAt, this.#time()],
    );
  }

  /** A push moved a branch at `pushedAt`. If it is the default branch, every pull request onto it has to be looked at again. */
  async putTip(db: Queryable, key: RepositoryKey, branch: string, sha: string, pushedAt: string): Promise<void> {
    await db.query(
      `UPDATE forge_repositories SET facts = jsonb_set(facts, '{defaultBranchSHA}', to_jsonb($3::text)), tip_pushed_at = $4, observed_at = $5
       WHERE host = $1 AND id = $2 AND facts->>'defaultBranch' = $6 AND (tip_pushed_at IS NULL OR tip_pushed_at <= $4)`,
      [key.host, key.id, sha, pushedAt, this.#time(), branch],
    );
  }

  async repository(db: Queryable, key: RepositoryKey): Promise<Fact<RepositoryFacts>> {
    const row = await repositoryRow(db, key);
    return row === null
      ? unknown('The forge repository has not been read yet.')
      : known(row.facts, Number(row.observed_at));
  }

  /** A number that is gone (deleted, transferred) does not come back. */
  async putIssue(db: Queryable, key: RepositoryKey, facts: ForgeIssueFacts, gone = false): Promise<void> {
    await db.query(
      `INSERT INTO forge_issues AS i (host, repository_id, number, facts, gone, updated_at, observed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (host, repository_id, number) DO UPDATE SET facts = excluded.facts, gone = excluded.gone, updated_at = excluded.updated_at, observed_at = excluded.observed_at
       WHERE (i.gone, i.updated_at) <= (excluded.gone, excluded.updated_at)`,
      [key.host, key.id, facts.number, JSON.stringify(facts), gone, facts.updatedAt, this.#time()],
    );
  }

  /** What was last told of an issue, and when (ms); null where nothing was. */
  async issue(
    db: Queryable,
    key: RepositoryKey,
    number: number,
  ): Promise<{ facts: ForgeIssueFacts; gone: boolean; toldAt: number } | null> {
    const row = await issueRow(db, { key, number });
    return row === null ? null : { facts: row.facts, gone: row.gone, toldAt: Number(row.observed_at) };
  }

  async putPull(db: Queryable, key: RepositoryKey, summary: PullRequestSummary): Promise<void> {
    await db.query(
      `INSERT INTO forge_pulls AS p (host, repository_id, number, head_sha, summary, updated_at, observed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (host, repository_id, number) DO UPDATE SET head_sha = excluded.head_sha, summary = excluded.summary, updated_at = excluded.updated_at, observed_at = excluded.observed_at,
         base_changed_at = ${BASE_CHANGED_AT}
       WHERE p.updated_at <= excluded.updated_at`,
      [key.host, key.id, summary.number, summary.head.sha, JSON.stringify(summary), summary.updatedAt, this.#time()],
    );
  }

  /** A whole read of a pull request; `readAt` is when it began, so that what was told meanwhile is not lost. */
  async putLivePull(db: Queryable, key: RepositoryKey, live: PullRequestFacts, readAt: number): Promise<void> {
    const {
      mergeable: _m,
      containsBase: _b,
      mergeQueue: _q,
      mergedBy: _by,
      closingIssues: _i,
      commits: _c,
      checks: _k,
      reviews: _r,
      threads: _t,
      complete: _o,
      ...summary
    } = live;
    await db.query(
      `INSERT INTO forge_pulls AS p (host, repository_id, number, head_sha, summary, live, live_at, updated_at, observed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7)
       ON CONFLICT (host, repository_id, number) DO UPDATE SET live = excluded.live, live_at = excluded.live_at, observed_at = greatest(p.observed_at, excluded.observed_at),
         head_sha = CASE WHEN p.updated_at <= excluded.updated_at THEN excluded.head_sha ELSE p.head_sha END,
         summary = CASE WHEN p.updated_at <= excluded.updated_at THEN excluded.summary ELSE p.summary END,
         base_changed_at = ${BASE_CHANGED_AT},
         updated_at = greatest(p.updated_at, excluded.updated_at)
       WHERE p.live_at IS NULL OR p.live_at <= excluded.live_at`,
      [
        key.host,
        key.id,
        live.number,
        live.head.sha,
        JSON.stringify(summary),
        JSON.stringify(live),
        new Date(readAt),
        live.updatedAt,
      ],
    );
  }

  /** A delivery that arrived at `at` told of a thread or line comment: only a whole read begun since says how the threads stand. */
  async touchThreads(db: Queryable, key: RepositoryKey, number: number, at: Date): Promise<void> {
    await db.query(
      `UPDATE forge_pulls SET threads_touched_at = greatest(threads_touched_at, $4::timestamptz)
       WHERE host = $1 AND repository_id = $2 AND number = $3`,
      [key.host, key.id, number, at],
    );
  }

  /** A check only moves forward: once completed it stays so, and of two reports alike in that the later one counts. */
  async putCheck(db: Queryable, key: RepositoryKey, facts: CheckFacts, updatedAt: string): Promise<void> {
    await db.query(
      `INSERT INTO forge_checks AS c (host, repository_id, head_sha, source, id, facts, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (host, repository_id, head_sha, source, id) DO UPDATE SET facts = excluded.facts, updated_at = excluded.updated_at
       WHERE (c.facts->>'status' = 'completed', c.updated_at, c.facts->>'status' = 'in_progress')
          <= (excluded.facts->>'status' = 'completed', excluded.updated_at, excluded.facts->>'status' = 'in_progress')`,
      [key.host, key.id, facts.headSHA, facts.app ?? '', facts.id, JSON.stringify(facts), updatedAt],
    );
  }

  /** A dismissed review stays dismissed. */
  async putReview(
    db: Queryable,
    key: RepositoryKey,
    number: number,
    facts: ReviewFacts,
    updatedAt: string,
  ): Promise<void> {
    await db.query(
      `INSERT INTO forge_reviews AS r (host, repository_id, number, id, facts, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (host, repository_id, number, id) DO UPDATE SET facts = excluded.facts, updated_at = excluded.updated_at
       WHERE (r.facts->>'state' = 'dismissed', r.updated_at) <= (excluded.facts->>'state' = 'dismissed', excluded.updated_at)`,
      [key.host, key.id, number, facts.id, JSON.stringify(facts), updatedAt],
    );
  }

  /** A pull request as far as it was told, and when it was last read whole (ms; 0 for never). */
  async pull(
    db: Queryable,
    key: RepositoryKey,
    number: number,
  ): Promise<{ facts: Fact<PullRequestFacts>; readAt: number }> {
    const { rows } = await db.query(
      `SELECT p.summary, p.live, repo.facts->>'defaultBranch' AS default_branch, repo.facts->>'defaultBranchSHA' AS tip, p.live_at, p.threads_touched_at, p.observed_at,
         (SELECT coalesce(jsonb_agg(c.facts), '[]') FROM forge_checks c WHERE c.host = p.host AND c.repository_id = p.repository_id AND c.head_sha = p.head_sha) AS checks,
         (SELECT coalesce(jsonb_agg(r.facts), '[]') FROM forge_reviews r WHERE r.host = p.host AND r.repository_id = p.repository_id AND r.number = p.number) AS reviews
       FROM forge_pulls p LEFT JOIN forge_repositories repo ON repo.host = p.host AND repo.id = p.repository_id WHERE p.host = $1 AND p.repository_id = $2 AND p.number = $3`,
      [key.host, key.id, number],
    );
    const row = rows[0];
    if (row === undefined)
      return { facts: unknown(`Pull request #${number} has not been read from the forge yet.`), readAt: 0 };
    const { summary } = row;
    const tip = row.tip !== null && summary.base.ref === row.default_branch ? row.tip : summary.base.sha;
    const pull = {
      summary: { ...summary, base: { ...summary.base, sha: tip } },
      live: row.live,
      liveAt: Number(row.live_at ?? 0),
      threadsTouchedAt: Number(row.threads_touched_at ?? 0),
      observedAt: Number(row.observed_at),
    };
    return { facts: known(mergeFacts(pull, row.checks, row.reviews), pull.observedAt), readAt: pull.liveAt };
  }

  /** Numbers of pull requests whose head this is. */
  async pullsWithHead(db: Queryable, key: RepositoryKey, sha: string): Promise<number[]> {
    const { rows } = await db.query(
      'SELECT number FROM forge_pulls WHERE host = $1 AND repository_id = $2 AND head_sha = $3',
      [key.host, key.id, sha],
    );
    return rows.map((row) => row.number);
  }

  /** A branch may be set to one head more than once, the last time by a person who takes it back: whoever did so last at `pushedAt` counts. `before` is where it
   * was, null where it was made or that is not told. */
  async putPush(
    db: Queryable,
    key: RepositoryKey,
    sha: string,
    ref: string,
    pusher: Actor,
    pushedAt: string,
    before: string | null = null,
  ): Promise<void> {
    await db.query(
      `INSERT INTO forge_pushes AS p (host, repository_id, sha, ref, pusher, observed_at, before) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (host, repository_id, sha, ref) DO UPDATE SET pusher = excluded.pusher, observed_at = excluded.observed_at, before = excluded.before
       WHERE p.observed_at <= excluded.observed_at`,
      [key.host, key.id, sha, ref, JSON.stringify(pusher), pushedAt, before],
    );
  }

  async pusherOf(db: Queryable, key: RepositoryKey, sha: string, ref: string): Promise<Fact<Actor>> {
    const { rows } = await db.query(
      'SELECT pusher, observed_at FROM forge_pushes WHERE host = $1 AND repository_id = $2 AND sha = $3 AND ref = $4',
      [key.host, key.id, sha, ref],
    );
    return rows[0] === undefined
      ? unknown('no delivery of that push has arrived.')
      : known(rows[0].pusher, Number(rows[0].observed_at));
  }

  async putPermission(db: Queryable, key: RepositoryKey, account: Actor, permission: Permission): Promise<void> {
    await db.query(
      `INSERT INTO forge_permissions (host, repository_id, account_id, login, permission, observed_at) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (host, repository_id, account_id) DO UPDATE SET login = excluded.login, permission = excluded.permission, observed_at = excluded.observed_at`,
      [key.host, key.id, account.id, account.login, permission, this.#time()],
    );
  }

  /** Permissions may have changed: that of one account, or with null of everybody. They are asked anew when they matter. */
  async forgetPermissions(db: Queryable, key: RepositoryKey, account: number | null): Promise<void> {
    await db.query(
      'DELETE FROM forge_permissions WHERE host = $1 AND repository_id = $2 AND ($3::bigint IS NULL OR account_id = $3)',
      [key.host, key.id, account],
    );
  }

  /** Permissions read within `maxAgeMs`, by account id. */
  async permissions(
    db: Queryable,
    key: RepositoryKey,
    accounts: readonly number[],
    maxAgeMs: number,
  ): Promise<Map<number, Permission>> {
    const { rows } = await db.query(
      'SELECT account_id, permission FROM forge_permissions WHERE host = $1 AND repository_id = $2 AND account_id = ANY($3::bigint[]) AND observed_at >= $4',
      [key.host, key.id, accounts, new Date(this.#now() - maxAgeMs)],
    );
    return new Map(rows.map((row) => [Number(row.account_id), row.permission as Permission]));
  }

  #time(): Date {
    return new Date(this.#now());
  }
}
