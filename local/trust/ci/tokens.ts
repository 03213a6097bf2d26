import { type JWK, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';
import type { Vouched } from '../authority.ts';
import { TrustError } from '../error.ts';
import type { SigningKey } from '../keys.ts';
import { CLIENT, publicJWK } from '../oidc/tokens.ts';
import { type Run, workflowOf } from './run.ts';

const LIFE_SECONDS = 300;
/** What Fulcio tells of a build, by the last number of its extension. */
const TOLD = { signer: 9, runner: 11, repository: 12, ref: 14, repositoryId: 15, run: 21 } as const;

const Claims = Type.Object({
  sub: Type.String({ minLength: 1 }),
  server_url: Type.String({ minLength: 1 }),
  repository: Type.String({ minLength: 1 }),
  repository_id: Type.String({ minLength: 1 }),
  ref: Type.String({ minLength: 1 }),
  job_workflow_ref: Type.String({ minLength: 1 }),
  run_id: Type.String({ minLength: 1 }),
  runner_environment: Type.String({ minLength: 1 }),
});

/**
 * Writes and checks the tokens of workflows, in the shape of GitHub Actions' and under an issuer of their own: no person's token is one of these, and
 * none of these a person's.
 */
export class WorkloadTokens {
  readonly issuer: string;
  readonly #key: SigningKey;
  readonly #now: () => Date;

  constructor(issuer: string, key: SigningKey, now: () => Date) {
    this.issuer = issuer;
    this.#key = key;
    this.#now = now;
  }

  async keys(): Promise<{ keys: JWK[] }> {
    return { keys: [await publicJWK(this.#key)] };
  }

  /** A token of five minutes for a run. */
  async issue(run: Run): Promise<string> {
    const now = Math.floor(this.#now().getTime() / 1_000);
    const { server, repository, repositoryId, ref, runId } = run;
    const claims = {
      server_url: server,
      repository,
      repository_id: String(repositoryId),
      repository_owner: repository.split('/')[0],
      ref,
      ref_type: 'branch',
      job_workflow_ref: workflowOf(run),
      run_id: String(runId),
      runner_environment: 'self-hosted',
    };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: (await publicJWK(this.#key)).kid! })
      .setIssuer(this.issuer)
      .setSubject(`repo:${repository}:ref:${ref}`)
      .setAudience(CLIENT)
      .setIssuedAt(now)
      .setExpirationTime(now + LIFE_SECONDS)
      .sign(this.#key.privateKey);
  }

  /** Which workflow a token is for. Throws {@link TrustError} `BadToken`. */
  async check(token: string): Promise<Vouched> {
    const { sub, ...claims } = await this.#claimsOf(token);
    const server = claims.server_url;
    const signer = `${server}/${claims.job_workflow_ref}`;
    const build = {
      [TOLD.signer]: signer,
      [TOLD.runner]: claims.runner_environment,
      [TOLD.repository]: `${server}/${claims.repository}`,
      [TOLD.ref]: claims.ref,
      [TOLD.repositoryId]: claims.repository_id,
      [TOLD.run]: `${server}/${claims.repository}/runs/${claims.run_id}`,
    };
    return { issuer: this.issuer, subject: sub, name: { type: 'url', value: signer }, build };
  }

  async #claimsOf(token: string): Promise<Static<typeof Claims>> {
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, this.#key.publicKey, {
        issuer: this.issuer,
        audience: CLIENT,
        algorithms: ['ES256'],
        requiredClaims: ['sub', 'exp'],
        currentDate: this.#now(),
      }));
    } catch (cause) {
      throw new TrustError('BadToken', 'The identity token is not one of this issuer, or has expired.', { cause });
    }
    if (Check(Claims, payload)) return payload;
    throw new TrustError('BadToken', 'The identity token does not say which workflow it is for.');
  }
}
