import { createSign } from 'node:crypto';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token signed with RSA and SHA-256 by an App's private key (PEM), whatever it claims and calls its algorithm. */
export function signJwt(privateKey: string, claims: Record<string, unknown>, alg = 'RS256'): string {
  const signed = `${part({ alg, typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
}
