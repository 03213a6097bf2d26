import { createHash, timingSafeEqual } from 'node:crypto';
import { type Agent, labels } from '#crds';
import { HttpError } from '#lib/http';
import { isKubeError, type KubeClient, type KubeObject, SECRETS } from '#lib/kube';
import { bearerOf } from '../api/caller.ts';

interface Secret extends KubeObject {
  data?: Record<string, string>;
}

/** Why an Agent's clients cannot be told from others now: a person has to mend it. */
export interface CredentialProblem {
  readonly reason: 'SecretMissing' | 'SecretNotAllowed';
  readonly message: string;
}

interface Read {
  readonly digest: Buffer | CredentialProblem;
  readonly readAt: number;
}

export interface ClientCredentialsOptions {
  readonly client: KubeClient;
  readonly find: (namespace: string, agent: string) => Agent | undefined;
  /** Told when an Agent's Secret is not as it has to be, each time it is read. */
  readonly onProblem?: (agent: Agent, problem: CredentialProblem) => void;
  readonly now: () => number;
}

/** How long a Secret is trusted: a credential that was taken away is refused after this. */
const TRUST_MS = 10_000;
/** A credential that does not fit may be a new one: the Secret is read again, but not oftener than this. */
const REREAD_MS = 1_000;
const KEY = 'token';
const LEAST = 32;

/**
 * Tells the clients of Agents that pull their work: each Agent names a Secret whose `token` its clients send as bearer. Compared in constant
 * time, read again from time to time, so that changing the Secret changes the credential; never logged.
 */
export class ClientCredentials {
  readonly #options: ClientCredentialsOptions;
  readonly #read = new Map<string, Promise<Read>>();

  constructor(options: ClientCredentialsOptions) {
    this.#options = options;
  }

  /**
   * The Agent whose client sends this header. Throws HttpError 401 for everybody else, in one sentence that does not say whether there is such
   * an Agent.
   */
  async require(namespace: string, name: string, header: string | undefined): Promise<Agent> {
    const given = digestOf(bearerOf(header));
    const agent = this.#options.find(namespace, name);
    const secret = agent?.spec.dispatch === 'pull' ? agent.spec.clientCredentialsSecretRef?.name : undefined;
    if (agent !== undefined && secret !== undefined)
      for (const trustMs of [TRUST_MS, REREAD_MS])
        if (same(given, await this.#digest(agent, `${namespace}/${secret}`, secret, trustMs))) return agent;
    throw new HttpError(
      'Unauthenticated',
      'ClientCredentialInvalid',
      'The bearer token is not the client credential of an Agent of that name that pulls its work; send the token of the Secret that its spec.clientCredentialsSecretRef names.',
    );
  }

  async #digest(agent: Agent, key: string, secret: string, trustMs: number): Promise<Buffer | null> {
    const known = await this.#read.get(`${key} ${agent.metadata.name}`)?.catch(() => undefined);
    if (known !== undefined && this.#options.now() - known.readAt < trustMs) return bytesOf(known);
    const reading = this.#load(agent, secret);
    this.#read.set(`${key} ${agent.metadata.name}`, reading);
    return bytesOf(await reading);
  }

  async #load(agent: Agent, name: string): Promise<Read> {
    const { client, onProblem, now } = this.#options;
    const readAt = now();
    const ref = { namespace: agent.metadata.namespace!, name };
    const secret = await client.get<Secret>(SECRETS, ref).catch((error: unknown) => {
      if (isKubeError(error, 'NotFound')) return undefined;
      throw error;
    });
    const digest = credentialIn(secret, agent.metadata.name!, name);
    if (!Buffer.isBuffer(digest)) onProblem?.(agent, digest);
    return { digest, readAt };
  }
}

function credentialIn(secret: Secret | undefined, agent: string, name: string): Buffer | CredentialProblem {
  if (secret === undefined)
    return problem('SecretMissing', `Secret ${name} does not exist; create it with the key ${KEY}.`);
  if (secret.metadata.labels?.[labels.agent] !== agent)
    return problem(
      'SecretNotAllowed',
      `Secret ${name} does not carry the label ${labels.agent}=${agent}; add it if it is the credential of this Agent's clients.`,
    );
  const token = Buffer.from(secret.data?.[KEY] ?? '', 'base64')
    .toString('utf8')
    .trim();
  if (token.length < LEAST)
    return problem(
      'SecretMissing',
      `The key ${KEY} of Secret ${name} has fewer than ${LEAST} characters; make it longer.`,
    );
  return digestOf(token);
}

function problem(reason: CredentialProblem['reason'], message: string): CredentialProblem {
  return { reason, message };
}

function bytesOf({ digest }: Read): Buffer | null {
  return Buffer.isBuffer(digest) ? digest : null;
}

/** Of one length whatever it was, so that comparing tells nothing of it. */
function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function same(given: Buffer, wanted: Buffer | null): boolean {
  return timingSafeEqual(given, wanted ?? Buffer.alloc(given.length)) && wanted !== null;
}
