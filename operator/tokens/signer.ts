import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify, SignJWT } from 'jose';
import { TASK_TOKEN_ISSUER, type TaskTokenAudience, type TaskTokenClaims } from '#lib/conductor';
import { HttpError } from '#lib/http';
import { isKubeError, type KubeClient, type KubeObject, SECRETS } from '#lib/kube';

const ALGORITHM = 'EdDSA';
const SECRET_NAME = 'rig-conductor-signing-key';
const SECRET_KEY = 'ed25519.jwk';

interface Secret extends KubeObject {
  type?: string;
  data?: Record<string, string>;
}

/** A verified task token. */
export interface TaskIdentity extends TaskTokenClaims {
  readonly namespace: string;
  readonly task: string;
}

/** Signs and verifies task tokens: Ed25519, one audience each, bound to (namespace, task uid, fence, deadline). */
export class TaskTokens {
  readonly #private: JWK;
  readonly #public: JWK & { kid: string };

  private constructor(privateKey: JWK, publicKey: JWK & { kid: string }) {
    this.#private = privateKey;
    this.#public = publicKey;
  }

  static async from(privateKey: JWK): Promise<TaskTokens> {
    const { d: _secret, ...publicPart } = privateKey;
    const kid = await calculateJwkThumbprint(publicPart);
    return new TaskTokens(privateKey, { ...publicPart, kid, alg: ALGORITHM, use: 'sig' });
  }

  /** The key that all replicas share, from the conductor's own Secret; made when it is missing. */
  static async load(client: KubeClient, namespace: string): Promise<TaskTokens> {
    const ref = { namespace, name: SECRET_NAME };
    for (;;) {
      const secret = await client.get<Secret>(SECRETS, ref).catch((error: unknown) => {
        if (isKubeError(error, 'NotFound')) return undefined;
        throw error;
      });
      const stored = secret?.data?.[SECRET_KEY];
      if (stored !== undefined) return TaskTokens.from(JSON.parse(Buffer.from(stored, 'base64').toString('utf8')));
      await client.create<Secret>(SECRETS, await newSecret(ref)).catch((error: unknown) => {
        // Another replica made it first; its key is the one.
        if (!isKubeError(error, 'AlreadyExists')) throw error;
      });
    }
  }

  /** The public keys, for everybody who has to verify (RFC 7517). */
  jwks(): { keys: JWK[] } {
    return { keys: [this.#public] };
  }

  /** A token for one audience that ends at `expiresAt` (ms since the epoch). */
  async sign(identity: TaskIdentity, audience: TaskTokenAudience, expiresAt: number): Promise<string> {
    const { namespace, task, ...claims } = identity;
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: ALGORITHM, kid: this.#public.kid })
      .setIssuer(TASK_TOKEN_ISSUER)
      .setAudience(audience)
      .setSubject(`${namespace}/${task}`)
      .setIssuedAt()
      .setExpirationTime(new Date(expiresAt))
      .sign(await importJWK(this.#private, ALGORITHM));
  }

  /** Throws HttpError Unauthenticated for a token that is not ours, of another audience, or expired. */
  async verify(token: string, audiences: readonly TaskTokenAudience[]): Promise<TaskIdentity> {
    try {
      const key = await importJWK(this.#public, ALGORITHM);
      const { payload } = await jwtVerify<TaskTokenClaims>(token, key, {
        issuer: TASK_TOKEN_ISSUER,
        audience: [...audiences],
        algorithms: [ALGORITHM],
      });
      const [namespace, task] = (payload.sub ?? '').split('/');
      if (!namespace || !task) throw new TypeError('no subject');
      return { namespace, task, uid: payload.uid, fence: payload.fence, agent: payload.agent, issue: payload.issue };
    } catch (cause) {
      throw new HttpError(
        'Unauthenticated',
        'TaskTokenInvalid',
        'The task token is missing, expired or not for this service; exchange the pod identity again.',
        { cause },
      );
    }
  }
}

async function newSecret(ref: { namespace: string; name: string }): Promise<Secret> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = JSON.stringify(await exportJWK(privateKey));
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: ref,
    type: 'Opaque',
    data: { [SECRET_KEY]: Buffer.from(jwk).toString('base64') },
  };
}
