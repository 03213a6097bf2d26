import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { signStatement } from '#lib/attest';
import { type RunningTrust, type StartTrustOptions, startTrust } from './index.ts';

export const person = { email: 'ada@example.com', name: 'Ada' };
export const SIGN_IN_CODE = 'a code that only Ada can read';
/** What the runner alone knows. */
export const CI_SECRET = 'a secret that only the runner can read';

/** Local trust in a directory of its own, which goes with the test. */
export async function started(t: TestContext, options: Partial<StartTrustOptions> = {}): Promise<RunningTrust> {
  const dataDir = options.dataDir ?? (await scratch(t));
  const secrets = { signInCode: SIGN_IN_CODE, codeFile: '/code', ciSecret: CI_SECRET };
  const trust = await startTrust({ dataDir, person, ...secrets, ...options });
  t.after(() => trust.close());
  return trust;
}

/** A directory that goes with the test. */
export async function scratch(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'rig-trust-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

const REDIRECT = 'http://127.0.0.1:1/callback';

/** What a client that begins a sign-in sends and keeps. */
export function pkce(change: Record<string, string> = {}): { verifier: string; words: Record<string, string> } {
  const verifier = randomBytes(32).toString('base64url');
  const words = {
    client_id: 'sigstore',
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: 'openid email',
    state: 'state-1',
    nonce: 'nonce-1',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...change,
  };
  return { verifier, words };
}

/** Posts a form, and follows nothing. */
export function post(url: string, words: Record<string, string>): Promise<Response> {
  return fetch(url, { method: 'POST', body: new URLSearchParams(words), redirect: 'manual' });
}

/** The code that signing in with PKCE gives. */
export async function codeOf(url: string, words: Record<string, string>): Promise<string> {
  const answer = await post(`${url}/authorize`, { ...words, sign_in_code: SIGN_IN_CODE });
  return new URL(answer.headers.get('location')!).searchParams.get('code')!;
}

/** An identity token of the person. */
export async function signedIn(url: string): Promise<string> {
  const { verifier, words } = pkce();
  const code = await codeOf(url, words);
  const answer = await post(`${url}/token`, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT,
    code_verifier: verifier,
  });
  return ((await answer.json()) as { id_token: string }).id_token;
}

/** A bundle over a payload, by the person. */
export async function signed(
  { url }: RunningTrust,
  payload: string,
  { payloadType = 'application/vnd.in-toto+json', timestamp = true } = {},
): Promise<string> {
  return signStatement(payload, {
    payloadType,
    identityToken: await signedIn(url),
    services: { fulcioURL: url, rekorURL: url, ...(timestamp && { timestampURL: url }) },
  });
}

/** A run of the workflow that machines are listed by, and what its certificate is for. */
export const run = {
  server: 'https://forge.example.com',
  repository: 'acme/shop',
  repositoryId: 812_345_678,
  workflow: 'ci',
  ref: 'refs/heads/main',
  runId: 7,
};
export const workflowName = 'https://forge.example.com/acme/shop/ci@refs/heads/main';

/** What the issuer of workloads answers to whoever shows this secret. */
export function askForToken({ ciIssuer }: RunningTrust, change: object = {}, secret = CI_SECRET): Promise<Response> {
  return fetch(`${ciIssuer}/token`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...run, ...change }),
  });
}

/** A bundle over a payload, by a workflow: the listed one, or what `change` makes of it. */
export async function signedByWorkflow(trust: RunningTrust, payload: string, change: object = {}): Promise<string> {
  const { value } = (await (await askForToken(trust, change)).json()) as { value: string };
  return signStatement(payload, {
    payloadType: 'application/vnd.in-toto+json',
    identityToken: value,
    services: { fulcioURL: trust.url, rekorURL: trust.url },
  });
}
