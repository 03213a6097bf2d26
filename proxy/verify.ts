import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { TASK_TOKEN_ISSUER, type TaskTokenAudience, type TaskTokenClaims } from '#lib/conductor';
import { ProxyError } from './error.ts';

/** Who a request is from, by its verified token. */
export interface Caller extends TaskTokenClaims {
  readonly namespace: string;
  readonly task: string;
  readonly token: string;
}

export type Verify = (token: string | undefined) => Promise<Caller>;

const AUDIENCE: TaskTokenAudience = 'rig-proxy';

/** The conductor's public keys; fetched once, and again when an unknown key shows up. */
export function conductorKeys(conductorURL: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(`${conductorURL}/v1/jwks`), { timeoutDuration: 5_000, cooldownDuration: 2_000 });
}

/**
 * Verifies a task token: Ed25519, issuer, audience, expiry, and the claims it must bind. Throws ProxyError `authentication_error`
 * for a bad one, `unavailable` where the keys cannot be had.
 */
export function verifier(keys: JWTVerifyGetKey): Verify {
  return async (token) => {
    if (token === undefined || token === '')
      throw new ProxyError(
        'authentication_error',
        'The request carries no task token; send it as x-api-key or bearer.',
      );
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: TASK_TOKEN_ISSUER,
        audience: AUDIENCE,
        algorithms: ['EdDSA'],
        requiredClaims: ['sub', 'exp'],
      });
      return callerOf(payload, token);
    } catch (cause) {
      if (cause instanceof ProxyError) throw cause;
      if (cause instanceof errors.JOSEError && !isFetchFailure(cause))
        throw new ProxyError('authentication_error', 'The task token is not valid for this proxy.', { cause });
      throw new ProxyError('unavailable', "The conductor's keys cannot be read now; ask again.", { cause });
    }
  };
}

function isFetchFailure(error: errors.JOSEError): boolean {
  return error.code === 'ERR_JWKS_TIMEOUT' || error.code === 'ERR_JOSE_GENERIC';
}

function callerOf(payload: JWTPayload, token: string): Caller {
  const [namespace, task, ...rest] = (payload.sub ?? '').split('/');
  const { uid, fence, agent, issue } = payload as Partial<TaskTokenClaims>;
  if (
    !namespace ||
    !task ||
    rest.length > 0 ||
    typeof uid !== 'string' ||
    typeof fence !== 'string' ||
    typeof agent !== 'string'
  )
    throw new ProxyError('authentication_error', 'The task token does not say which task it is for.');
  return { namespace, task, uid, fence, agent, issue: typeof issue === 'string' ? issue : null, token };
}
