import { createPublicKey, verify } from 'node:crypto';
import type { Context } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { AppRow } from '../store/index.ts';

const MAX_LIFE_SECONDS = 600;
/** Clocks differ: GitHub takes a token that says to be issued a minute ahead. */
const MAX_AHEAD_SECONDS = 60;

/** Lets tokens signed with this key's private half speak for the App. SPKI or PKCS#1 in PEM; 422 for anything else. Twice is safe. */
export function addAppKey(ctx: Context, app: AppRow, pem: string): void {
  const key = readKey(pem);
  const known = ctx.store.apps.get(app.id)?.publicKeys ?? [];
  if (!known.includes(key)) ctx.store.apps.update(app.id, { publicKeys: [...known, key] });
}

function readKey(pem: string): string {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key.export({ type: 'spki', format: 'pem' }).toString();
  } catch {}
  throw new Refusal(422, 'publicKey is no RSA public key in PEM');
}

export const looksLikeJwt = (token: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);

interface Claims {
  readonly iat?: unknown;
  readonly exp?: unknown;
  readonly iss?: unknown;
}

/** The App that signed a token (RS256) to speak as itself. 401 with GitHub's words for what it finds wrong, 404 for an unknown App. */
export function appOfJwt(ctx: Context, token: string): AppRow {
  const [head = '', body = '', signature = ''] = token.split('.');
  const { alg } = decode(head) as { alg?: unknown };
  const claims = decode(body) as Claims;
  const app = alg === 'RS256' ? appNamed(ctx, claims.iss) : undefined;
  if (alg !== 'RS256') throw undecodable();
  if (app === undefined) throw new Refusal(404, 'Integration not found');
  const signed = Buffer.from(`${head}.${body}`);
  const keys = app.publicKeys ?? [];
  if (!keys.some((key) => verify('RSA-SHA256', signed, key, Buffer.from(signature, 'base64url')))) throw undecodable();
  checkTimes(claims, ctx.clock() / 1000);
  return app;
}

function decode(part: string): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    if (typeof value === 'object' && value !== null) return value;
  } catch {}
  throw undecodable();
}

const undecodable = () => new Refusal(401, 'A JSON web token could not be decoded');

function appNamed(ctx: Context, iss: unknown): AppRow | undefined {
  const id = typeof iss === 'string' && iss.startsWith('Iv1.') ? Number.parseInt(iss.slice(4), 16) : Number(iss);
  return Number.isSafeInteger(id) ? ctx.store.apps.get(id) : undefined;
}

function checkTimes({ iat, exp }: Claims, now: number): void {
  const expiry = "'Expiration time' claim ('exp')";
  if (typeof exp !== 'number' || exp <= now) {
    const what = 'must be a numeric value representing the future time at which the assertion expires';
    throw new Refusal(401, `${expiry} ${what}`);
  }
  if (exp > now + MAX_LIFE_SECONDS) throw new Refusal(401, `${expiry} is too far in the future`);
  if (typeof iat !== 'number' || iat > now + MAX_AHEAD_SECONDS) {
    const what = 'must be an Integer representing the time that the assertion was issued';
    throw new Refusal(401, `'Issued at' claim ('iat') ${what}`);
  }
}
