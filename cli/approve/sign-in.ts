import { createHash, createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { ExitCode, ExitError } from '#lib/terminal';

const CLIENT = 'sigstore';
const SCOPE = 'openid email';
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** A person who signs in has so long, in ms. */
const PATIENCE_MS = 5 * 60_000;

interface Discovery {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly device_authorization_endpoint?: string;
}

/** Asks a person to do something, on standard error: what they see is no result. */
export type Say = (line: string) => void;

/**
 * An identity token for whoever signs in with a browser on this machine (authorization code with PKCE, RFC 7636 and 8252). A
 * fresh sign-in is asked for, so that nobody approves with what somebody else left open. `open` is called with the address.
 * Throws ExitError where nobody signs in within five minutes, or the provider refuses.
 */
export async function signInWithBrowser(issuer: string, open: (url: string) => Promise<void> | void): Promise<string> {
  const provider = await discover(issuer);
  const secret = { verifier: random(), state: random(), nonce: random() };
  const back = await listen(secret.state);
  try {
    const url = new URL(provider.authorization_endpoint);
    const challenge = createHash('sha256').update(secret.verifier).digest('base64url');
    const words = {
      client_id: CLIENT,
      redirect_uri: back.url,
      response_type: 'code',
      scope: SCOPE,
      state: secret.state,
      nonce: secret.nonce,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      prompt: 'login',
      max_age: '0',
    };
    for (const [name, value] of Object.entries(words)) url.searchParams.set(name, value);
    await open(url.href);
    const code = await back.code;
    const answer = await post(provider.token_endpoint, {
      grant_type: 'authorization_code',
      client_id: CLIENT,
      code,
      redirect_uri: back.url,
      code_verifier: secret.verifier,
    });
    return tokenOf(answer, issuer, secret.nonce);
  } finally {
    back.close();
  }
}

/** An identity token for whoever signs in on another device (RFC 8628). Throws ExitError as {@link signInWithBrowser} does. */
export async function signInOnDevice(issuer: string, say: Say): Promise<string> {
  const provider = await discover(issuer);
  if (provider.device_authorization_endpoint === undefined) throw failed(issuer, 'it has no device flow');
  const nonce = random();
  const asked = await post(provider.device_authorization_endpoint, { client_id: CLIENT, scope: SCOPE, nonce });
  const { device_code: device, user_code: user, verification_uri: page, interval = 5 } = asked as Record<string, never>;
  if (device === undefined || user === undefined || page === undefined)
    throw failed(issuer, String(asked.error ?? 'it gave no code'));
  say(`Open ${page} on any device, and type the code ${user}.`);
  let wait = Number(interval) * 1_000;
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await pause(wait)) {
    const answer = await post(provider.token_endpoint, {
      grant_type: DEVICE_GRANT,
      client_id: CLIENT,
      device_code: device,
    });
    if (answer.error === 'slow_down') wait += 5_000;
    else if (answer.error !== 'authorization_pending') return tokenOf(answer, issuer, null);
  }
  throw failed(issuer, 'nobody signed in within five minutes');
}

/**
 * Signs in at the provider of a rig on one machine with the sign-in code that only its person can read. The code itself is sent to nobody, but a proof
 * of it that is good for this sign-in alone: who took the provider's port while it was away learns nothing to sign with. Throws ExitError where the
 * provider's pages are elsewhere, or it does not take the proof.
 */
export function withCode(code: string, issuer: string): (url: string) => Promise<void> {
  return async (url) => {
    const asked = new URL(url);
    if (asked.origin !== new URL(issuer).origin) throw failed(issuer, `its pages are at ${asked.origin}`);
    const words = Object.fromEntries(asked.searchParams);
    asked.search = '';
    const body = new URLSearchParams({ ...words, sign_in_proof: proofOf(code, issuer, words) });
    const answer = await fetch(asked, { method: 'POST', body, redirect: 'manual' });
    const back = answer.headers.get('location');
    if (back === null || !back.startsWith(`${words.redirect_uri}?`))
      throw failed(issuer, 'it does not take the sign-in code');
    await fetch(back);
  };
}

/** As the provider makes it: of what the sign-in is for, each on a line of its own. */
function proofOf(code: string, issuer: string, words: Readonly<Record<string, string>>): string {
  const bound = [issuer, words.client_id, words.redirect_uri, words.code_challenge, words.nonce, words.state];
  return createHmac('sha256', code).update(bound.join('\n')).digest('hex');
}

async function discover(issuer: string): Promise<Discovery> {
  const url = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  const answer = await fetch(url).catch(() => undefined);
  if (answer === undefined || !answer.ok) throw failed(issuer, 'it does not answer');
  const found = (await answer.json()) as Discovery & { issuer?: string };
  if (found.issuer !== issuer) throw failed(issuer, `it calls itself ${found.issuer}`);
  return found;
}

/** Waits on loopback for the browser to come back, once, with the state that it left with. */
async function listen(state: string): Promise<{ url: string; code: Promise<string>; close: () => void }> {
  const { promise: code, resolve, reject } = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    const words = new URL(request.url ?? '/', 'http://127.0.0.1').searchParams;
    const given = words.get('code');
    const fits = words.get('state') === state && given !== null;
    response.writeHead(fits ? 200 : 400, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
    response.end(
      fits
        ? 'Signed in. The terminal goes on by itself; this page can be closed.\n'
        : 'This is not the sign-in that was begun.\n',
    );
    if (fits) resolve(given);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const late = setTimeout(() => reject(failed('the provider', 'nobody signed in within five minutes')), PATIENCE_MS);
  const close = () => {
    clearTimeout(late);
    server.close();
    server.closeAllConnections();
  };
  code.catch(() => undefined);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`, code, close };
}

async function post(url: string, words: Record<string, string>): Promise<Record<string, unknown>> {
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(words), redirect: 'error' });
  return ((await answer.json().catch(() => ({}))) ?? {}) as Record<string, unknown>;
}

function tokenOf({ id_token: token, error }: Record<string, unknown>, issuer: string, nonce: string | null): string {
  if (typeof token !== 'string') throw failed(issuer, String(error ?? 'it gave no identity token'));
  if (nonce === null) return token;
  // Whether it is genuine is for Fulcio to say; this only tells our own sign-in from somebody else's.
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString() || '{}') as {
    nonce?: string;
  };
  if (claims.nonce !== nonce) throw failed(issuer, 'its token is for another sign-in');
  return token;
}

function failed(issuer: string, why: string): ExitError {
  return new ExitError(ExitCode.NotDone, `Nobody was signed in at ${issuer}: ${why}.`);
}

function random(): string {
  return randomBytes(32).toString('base64url');
}
