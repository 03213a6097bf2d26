import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { changeStatement } from '#domain';
import { signStatement } from '#lib/attest';
import type { Context } from '../context.ts';
import { createAttestation } from '../model/index.ts';
import { fullName, repositoryPage } from '../render/index.ts';
import type { CheckRunRow, RepositoryRow } from '../store/index.ts';

/** Where the runner signs for what it has tested. */
export interface Signing {
  /** Root of the services that sign. Beneath `/ci` they vouch for workflows. */
  readonly url: string;
  /** What the runner alone shows them. */
  readonly secret: string;
  /** Pauses before it is tried again, in ms; default one second, then five. */
  readonly pausesMs?: readonly number[];
}

/** As a certificate names somebody. */
interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

/** What the runner's work is called as a workflow. No file of a branch says it, so it is always that of the default branch. */
const WORKFLOW = 'ci';
const PAUSES_MS = [1_000, 5_000];
const TIMEOUT_MS = 10_000;
/** All attempts together: services that hang must not keep what was tested from being told. */
const LONGEST_MS = 20_000;
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

const Answer = Type.Object({ value: Type.String({ minLength: 1 }) });

/** Signs, as a workflow of the default branch, for heads whose tests passed, and files that with the forge's attestations. */
export class Attester {
  readonly #ctx: Context;
  readonly #signing: Signing;

  constructor(ctx: Context, signing: Signing) {
    this.#ctx = ctx;
    this.#signing = signing;
  }

  /** As whom it signs for a repository. */
  identityFor(repo: RepositoryRow): Identity {
    return { issuer: this.#issuer, subject: `${repositoryPage(this.#ctx, repo)}/${WORKFLOW}@${refOf(repo)}` };
  }

  /**
   * Signs for the head of a run. Rejects with why it could not, after twenty seconds at the latest, and once `signal` says stop. Signing twice makes two
   * signatures.
   */
  async attest(repo: RepositoryRow, run: CheckRunRow, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stop = () => over.abort(signal.reason);
    signal.addEventListener('abort', stop);
    const late = setTimeout(() => over.abort(new Error(`it took longer than ${LONGEST_MS / 1_000} s`)), LONGEST_MS);
    const aborted = new Promise<never>((_, reject) => {
      over.signal.addEventListener('abort', () => reject(over.signal.reason));
    });
    try {
      if (signal.aborted) stop();
      await Promise.race([this.#untilSigned(repo, run, over.signal), aborted]);
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', stop);
      over.abort();
    }
  }

  async #untilSigned(repo: RepositoryRow, run: CheckRunRow, signal: AbortSignal): Promise<void> {
    const pauses = [...(this.#signing.pausesMs ?? PAUSES_MS)];
    for (;;) {
      signal.throwIfAborted();
      try {
        return await this.#sign(repo, run);
      } catch (error) {
        const pause = pauses.shift();
        if (pause === undefined) throw error;
        this.#ctx.logger.warn({ err: error, checkRun: run.id }, 'a tested head could not be attested; trying again');
        await wait(pause, undefined, { signal });
      }
    }
  }

  get #issuer(): string {
    return `${this.#signing.url}/ci`;
  }

  async #sign(repo: RepositoryRow, run: CheckRunRow): Promise<void> {
    const { url } = this.#signing;
    const predicate = { checkRun: run.id, name: run.name, conclusion: 'success' };
    const statement = changeStatement({ repositoryId: repo.id, headSHA: run.headSha }, { sha256, predicate });
    const bundle = await signStatement(statement, {
      payloadType: PAYLOAD_TYPE,
      identityToken: await this.#token(repo, run),
      services: { fulcioURL: url, rekorURL: url, timestampURL: url },
    });
    createAttestation(this.#ctx, repo, JSON.parse(bundle));
  }

  async #token(repo: RepositoryRow, run: CheckRunRow): Promise<string> {
    const answer = await fetch(`${this.#issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#signing.secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        server: this.#ctx.html,
        repository: fullName(this.#ctx, repo),
        repositoryId: repo.id,
        workflow: WORKFLOW,
        ref: refOf(repo),
        runId: run.id,
      }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body: unknown = await answer.json().catch(() => null);
    if (answer.ok && Check(Answer, body)) return body.value;
    throw new Error(`the issuer of identities answered ${answer.status}`);
  }
}

const refOf = (repo: RepositoryRow) => `refs/heads/${repo.defaultBranch}`;
const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');
