import type { JWTVerifyGetKey } from 'jose';
import { ConductorError, type TaskCaller, taskTokenVerifier, type VerifyTaskToken } from '#lib/conductor';
import { ProxyError } from './error.ts';

export { conductorKeys } from '#lib/conductor';
/** Who a request is from, by its verified token. */
export type Caller = TaskCaller;
export type Verify = VerifyTaskToken;

/** Verifies task tokens for the proxy. Throws ProxyError `authentication_error` for a bad one, `unavailable` where the keys cannot be had. */
export function verifier(keys: JWTVerifyGetKey): Verify {
  const verify = taskTokenVerifier(keys, 'rig-proxy');
  return async (token) => {
    try {
      return await verify(token);
    } catch (error) {
      if (!(error instanceof ConductorError)) throw error;
      if (error.reason === 'TokenMissing')
        throw new ProxyError('authentication_error', `${error.message} Send it as x-api-key or bearer.`);
      const code = error.code === 'Unauthenticated' ? 'authentication_error' : 'unavailable';
      throw new ProxyError(code, error.message, { cause: error });
    }
  };
}
