import { createHmac } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { knows } from '../knows.ts';
import { type Asked, DEVICE_INTERVAL_SECONDS, DEVICE_LIFE_MS, type Granted, Grants } from './grants.ts';
import { devicePage, sayPage, signInPage } from './pages.ts';
import { CLIENT, type IdentityTokens, type Person } from './tokens.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** What the provider needs to know. */
export interface ProviderOptions {
  /** Its own root, as tokens name it. */
  readonly issuer: string;
  readonly tokens: IdentityTokens;
  readonly person: Person;
  /** What proves to be that person: only they can read its file. */
  readonly signInCode: string;
  readonly codeFile: string;
  readonly now: () => Date;
}

/**
 * An OpenID Connect provider for the one person of this machine: authorization code with PKCE, and the device flow. Every
 * token takes a fresh sign-in with the sign-in code; there is no session and no cookie, so no page can act for a person.
 */
export function providerRoutes(options: ProviderOptions): Hono {
  const grants = new Grants(options.now);
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header('Cache-Control', 'no-store');
    context.header('X-Frame-Options', 'DENY');
    context.header('Referrer-Policy', 'no-referrer');
  });
  app.get('/.well-known/openid-configuration', (context) => context.json(discovery(options.issuer)));
  app.get('/keys', async (context) => context.json(await options.tokens.keys()));
  app.get('/authorize', (context) => beginSignIn(context, options));
  app.post('/authorize', (context) => signIn(context, options, grants));
  app.post('/device/code', (context) => beginDevice(context, options, grants));
  // Whoever sends a link must not be able to type for the person who follows it.
  app.get('/device', (context) => context.html(devicePage({ ...options, refused: false })));
  app.post('/device', (context) => approveDevice(context, options, grants));
  app.post('/token', (context) => token(context, options, grants));
  return app;
}

function discovery(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    device_authorization_endpoint: `${issuer}/device/code`,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', DEVICE_GRANT],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    scopes_supported: ['openid', 'email'],
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'email', 'email_verified', 'name'],
  };
}

type Words = Record<string, string | undefined>;

/** Reads what a browser asks for; a sentence where it is not what this provider gives. */
function askedOf(words: Words): (Asked & { readonly state: string | null }) | string {
  const { client_id, redirect_uri = '', response_type, code_challenge, code_challenge_method, nonce, state } = words;
  if (client_id !== CLIENT) return `The client must be ${CLIENT}.`;
  // A token that leaves this machine could be used by whoever gets it.
  if (!isLoopback(redirect_uri))
    return 'The redirect_uri must be on this machine (http://127.0.0.1 or http://localhost).';
  if (response_type !== 'code') return 'The response_type must be code.';
  if (code_challenge_method !== 'S256' || !/^[\w-]{43}$/.test(code_challenge ?? '')) {
    return 'PKCE with S256 is required: code_challenge and code_challenge_method.';
  }
  return { redirectURI: redirect_uri, challenge: code_challenge!, nonce: nonce ?? null, state: state ?? null };
}

function isLoopback(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username } = new URL(text);
  return protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname) && username === '';
}

const CARRIED = [
  'client_id',
  'redirect_uri',
  'response_type',
  'code_challenge',
  'code_challenge_method',
  'nonce',
  'state',
];

function carried(words: Words): Record<string, string> {
  return Object.fromEntries(
    CARRIED.flatMap((name) => {
      const value = words[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function beginSignIn(context: Context, options: ProviderOptions) {
  const words = context.req.query();
  const asked = askedOf(words);
  if (typeof asked === 'string') return context.html(sayPage('Nothing to sign in to', asked), 400);
  return context.html(signInPage('/authorize', { ...options, hidden: carried(words), refused: false }));
}

async function signIn(context: Context, options: ProviderOptions, grants: Grants) {
  const words = await formOf(context);
  const asked = askedOf(words);
  if (typeof asked === 'string') return context.html(sayPage('Nothing to sign in to', asked), 400);
  if (!knows(words.sign_in_code, options.signInCode) && !proves(words, options)) {
    return context.html(signInPage('/authorize', { ...options, hidden: carried(words), refused: true }), 403);
  }
  const back = new URL(asked.redirectURI);
  back.searchParams.set('code', grants.codeFor(asked));
  if (asked.state !== null) back.searchParams.set('state', asked.state);
  return context.redirect(back.href, 303);
}

async function beginDevice(context: Context, { issuer }: ProviderOptions, grants: Grants) {
  const words = await formOf(context);
  if (words.client_id !== CLIENT) return context.json({ error: 'invalid_client' }, 401);
  const { deviceCode, userCode } = grants.device(words.nonce ?? null);
  return context.json({
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: `${issuer}/device`,
    expires_in: DEVICE_LIFE_MS / 1_000,
    interval: DEVICE_INTERVAL_SECONDS,
  });
}

async function approveDevice(context: Context, options: ProviderOptions, grants: Grants) {
  const { user_code: userCode = '', sign_in_code: code } = await formOf(context);
  if (knows(code, options.signInCode) && grants.approveDevice(userCode)) {
    return context.html(sayPage('Signed in', 'The other device goes on by itself; this page can be closed.'));
  }
  return context.html(devicePage({ ...options, refused: true }), 403);
}

async function token(context: Context, options: ProviderOptions, grants: Grants) {
  const words = await formOf(context);
  const granted = grantOf(words, grants);
  if (typeof granted === 'string') return context.json({ error: granted }, 400);
  const idToken = await options.tokens.issue(options.person, granted);
  // The access token opens nothing here; clients want one to be there.
  return context.json({ access_token: idToken, id_token: idToken, token_type: 'Bearer', expires_in: 300 });
}

function grantOf(words: Words, grants: Grants): Granted | string {
  if (words.grant_type === DEVICE_GRANT) return grants.poll(words.device_code ?? '');
  if (words.grant_type !== 'authorization_code') return 'unsupported_grant_type';
  const { code = '', redirect_uri: redirectURI = '', code_verifier: verifier = '' } = words;
  return grants.redeem(code, { redirectURI, verifier }) ?? 'invalid_grant';
}

async function formOf(context: Context): Promise<Words> {
  const body = await context.req.parseBody();
  return Object.fromEntries(
    Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Who knows the sign-in code may show that without telling it: the proof is of this sign-in, and good for no other. */
function proves(words: Words, { issuer, signInCode }: ProviderOptions): boolean {
  const bound = [issuer, words.client_id, words.redirect_uri, words.code_challenge, words.nonce, words.state];
  return knows(words.sign_in_proof, createHmac('sha256', signInCode).update(bound.join('\n')).digest('hex'));
}
