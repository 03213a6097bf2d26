import type { errors, JWTPayload, JWTVerifyGetKey } from 'jose';
import { ConductorError } from './error.ts';
import { TASK_TOKEN_ISSUER, type TaskTokenAudience, type TaskTokenClaims } from './schema.ts';

/** Who a call is from, by its verified token. */
export interface TaskCaller extends TaskTokenClaims {
  readonly namespace: string;
  readonly task: string;
  readonly token: string;
}

export type VerifyTaskToken = (token: string | undefined) => Promise<TaskCaller>;

/** Loaded by whoever verifies a token: a task itself only carries its own, and is to start fast. */
const jose = () => import('jose');

/** The conductor's public keys; fetched once, and again when an unknown key shows up. */
export function conductorKeys(conductorURL: string): JWTVerifyGetKey {
  const url = new URL(`${conductorURL}/v1/jwks`);
  let keys: Promise<JWTVerifyGetKey> | undefined;
  return async (header, token) => {
    keys ??= jose().then(({ createRemoteJWKSet }) =>
      createRemoteJWKSet(url, { timeoutDuration: 5_000, cooldownDuration: 2_000 }),
    );
    return (await keys)(header, token);
  };
}

/**
 * Verifies task tokens for one service: Ed25519, issuer, audience, expiry, and the claims it must bind. Throws ConductorError
 * `Unauthenticated` for a missing or bad one, `Unavailable` where the keys cannot be had.
 */
export function taskTokenVerifier(keys: JWTVerifyGetKey, audience: TaskTokenAudience): VerifyTaskToken {
  return async (token) => {
    if (token === undefined || token === '')
      throw new ConductorError('Unauthenticated', 'The request carries no task token.', { reason: 'TokenMissing' });
    const { errors, jwtVerify } = await jose();
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: TASK_TOKEN_ISSUER,
        audience,
        algorithms: ['EdDSA'],
        requiredClaims: ['sub', 'exp'],
      });
      return callerOf(payload, token);
    } catch (cause) {
      if (cause instanceof ConductorError) throw cause;
      if (cause instanceof errors.JOSEError && !isFetchFailure(cause))
        throw new ConductorError('Unauthenticated', `The task token is not valid for ${audience}.`, { cause });
      throw new ConductorError('Unavailable', "The conductor's keys cannot be read now; ask again.", { cause });
    }
  };
}

function isFetchFailure(error: errors.JOSEError): boolean {
  return error.code === 'ERR_JWKS_TIMEOUT' || error.code === 'ERR_JOSE_GENERIC';
}

function callerOf(payload: JWTPayload, token: string): TaskCaller {
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
    throw new ConductorError('Unauthenticated', 'The task token does not say which task it is for.');
  return { namespace, task, uid, fence, agent, issue: typeof issue === 'string' ? issue : null, token };
}
