import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, type JWK, jwtVerify, SignJWT } from 'jose';
import type { Vouched } from '../authority.ts';
import { TrustError } from '../error.ts';
import type { SigningKey } from '../keys.ts';

/** The client that Sigstore's tools are, and whom their tokens are for. */
export const CLIENT = 'sigstore';
const LIFE_SECONDS = 300;

/** The person that this provider knows. */
export interface Person {
  readonly email: string;
  readonly name: string;
}

/** Writes and checks identity tokens (OpenID Connect Core, section 2). */
export class IdentityTokens {
  readonly #issuer: string;
  readonly #key: SigningKey;
  readonly #now: () => Date;

  constructor(issuer: string, key: SigningKey, now: () => Date) {
    this.#issuer = issuer;
    this.#key = key;
    this.#now = now;
  }

  async keys(): Promise<{ keys: JWK[] }> {
    return { keys: [await publicJWK(this.#key)] };
  }

  /** A token of five minutes for somebody who signed in at `signedInAt`. */
  async issue(person: Person, { nonce, signedInAt }: { nonce: string | null; signedInAt: Date }): Promise<string> {
    const { email, name } = person;
    const authTime = Math.floor(signedInAt.getTime() / 1_000);
    const now = Math.floor(this.#now().getTime() / 1_000);
    const claims = { email, email_verified: true, name, auth_time: authTime, ...(nonce !== null && { nonce }) };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: (await publicJWK(this.#key)).kid! })
      .setIssuer(this.#issuer)
      .setSubject(createHash('sha256').update(email).digest('hex').slice(0, 32))
      .setAudience(CLIENT)
      .setIssuedAt(now)
      .setExpirationTime(now + LIFE_SECONDS)
      .sign(this.#key.privateKey);
  }

  /** Who a token is for. Throws {@link TrustError} `BadToken`. */
  async check(token: string): Promise<Vouched> {
    try {
      const { payload } = await jwtVerify(token, this.#key.publicKey, {
        issuer: this.#issuer,
        audience: CLIENT,
        algorithms: ['ES256'],
        requiredClaims: ['sub', 'exp', 'email'],
        currentDate: this.#now(),
      });
      const name = { type: 'email', value: String(payload.email) } as const;
      return { issuer: this.#issuer, subject: payload.sub!, name, build: null };
    } catch (cause) {
      throw new TrustError(
        'BadToken',
        'The identity token is not one of this provider, or has expired; sign in again.',
        { cause },
      );
    }
  }
}

/** A key by which anybody can check a token. */
export async function publicJWK({ publicKey }: SigningKey): Promise<JWK> {
  const jwk = await exportJWK(publicKey);
  return { ...jwk, alg: 'ES256', use: 'sig', kid: await calculateJwkThumbprint(jwk) };
}
