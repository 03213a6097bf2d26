import type { Agent, Repository } from '#crds';
import type { Actor } from '#lib/forge';
import { createForge, type Forge, type ForgeOptions } from '#lib/forge';
import { type KubeClient, Stalled } from '#lib/kube';
import { readForgeSecret } from './secrets.ts';

/** One forge account: what it can do, and who it is there. */
export interface ForgeAccount {
  readonly forge: Forge;
  readonly actor: Actor;
}

interface Cached {
  readonly token: string;
  readonly account: Promise<ForgeAccount>;
}

/** How long a Secret is trusted before it is read again: rotation takes this long at most. */
const SECRET_TTL_MS = 30_000;

/** Host (with port) of a Repository's forge: what Secrets are annotated with and what the mirror's rows are keyed by. */
export function forgeHost(repository: Pick<Repository, 'spec'>): string {
  return new URL(repository.spec.apiURL).host;
}

/**
 * Where a Repository's git is served: at the API's own host, or at the one that `api.` stands before, as on github.com. The credential is
 * for that host, so a clone URL that leads elsewhere is refused. Throws Stalled (SecretNotAllowed).
 */
function gitOrigin(repository: Repository): string {
  const { origin, host } = new URL(repository.spec.cloneURL);
  const apiHost = forgeHost(repository);
  if (host === apiHost || `api.${host}` === apiHost) return origin;
  throw new Stalled(
    'SecretNotAllowed',
    `spec.cloneURL leads to ${host}, where credentials for ${apiHost} may not be sent; create a Repository whose URLs are of one forge.`,
  );
}

/** The forge identities of the rig: the conductor's own per Repository, and each Agent's. No credential leaves this folder but to its own host. */
export class Forges {
  readonly #client: KubeClient;
  readonly #options: Pick<ForgeOptions, 'writeIntervalMs' | 'fetch' | 'onAnswer'>;
  readonly #now: () => number;
  readonly #tokens = new Map<string, { value: string; readAt: number }>();
  readonly #accounts = new Map<string, Cached>();

  constructor(
    client: KubeClient,
    options: Pick<ForgeOptions, 'writeIntervalMs' | 'fetch' | 'onAnswer'> = {},
    now: () => number = Date.now,
  ) {
    this.#client = client;
    this.#options = options;
    this.#now = now;
  }

  /** The conductor's identity for a Repository. Throws Stalled for a Secret that is missing or not allowed, ForgeError for a forge that refuses. */
  forRepository(repository: Repository): Promise<ForgeAccount> {
    return this.#account(repository, repository.spec.credentialsSecretRef.name);
  }

  /** An Agent's own identity at a Repository's forge: what it delivers and says is under that name. */
  async forAgent(agent: Agent, repository: Repository): Promise<ForgeAccount> {
    const name = agent.spec.forgeCredentialsSecretRef?.name;
    if (name === undefined) {
      throw new Stalled(
        'SecretMissing',
        `Agent ${agent.metadata.name} has no forge identity; set spec.forgeCredentialsSecretRef.`,
      );
    }
    return this.#account(repository, name);
  }

  /** The secret that signs a Repository's deliveries, or null where it names none. */
  async webhookSecret(repository: Repository): Promise<string | null> {
    const name = repository.spec.webhookSecretRef?.name;
    return name === undefined ? null : this.#secret(repository, name, 'secret');
  }

  async #account(repository: Repository, secretName: string): Promise<ForgeAccount> {
    const gitURL = gitOrigin(repository);
    const token = await this.#secret(repository, secretName, 'token');
    const key = `${repository.spec.apiURL} ${gitURL} ${repository.metadata.namespace}/${secretName}`;
    const cached = this.#accounts.get(key);
    if (cached?.token === token) return cached.account;
    const account = this.#connect(repository, gitURL, token);
    this.#accounts.set(key, { token, account });
    account.catch(() => this.#accounts.get(key)?.account === account && this.#accounts.delete(key));
    return account;
  }

  async #connect(repository: Repository, gitURL: string, token: string): Promise<ForgeAccount> {
    const forge = createForge({ ...this.#options, baseURL: repository.spec.apiURL, gitURL, token });
    return { forge, actor: await forge.whoami() };
  }

  async #secret(repository: Repository, name: string, key: string): Promise<string> {
    const ref = { namespace: repository.metadata.namespace!, name };
    const host = forgeHost(repository);
    const id = `${ref.namespace}/${name}/${key} ${host}`;
    const known = this.#tokens.get(id);
    if (known !== undefined && this.#now() - known.readAt < SECRET_TTL_MS) return known.value;
    const value = await readForgeSecret(this.#client, ref, key, host);
    this.#tokens.set(id, { value, readAt: this.#now() });
    return value;
  }
}
