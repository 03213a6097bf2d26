import type { Agent, Repository } from '#crds';
import type { Actor } from '#lib/forge';
import { Budget, createForge, type Forge, type ForgeOptions, type Limited, type LimitKind } from '#lib/forge';
import { type KubeClient, Stalled } from '#lib/kube';
import { type Credential, credentialOf, identityOf, versionOf } from './credential.ts';
import { secretName as nameOf, readForgeData } from './secrets.ts';

/** One forge account: what it can do, and who it is there. */
export interface ForgeAccount {
  readonly forge: Forge;
  readonly actor: Actor;
  /** What keeps it from calling the forge now; null where nothing does. */
  readonly waiting: () => Limited | null;
}

interface Cached {
  readonly version: string;
  readonly identity: string;
  readonly account: Promise<ForgeAccount>;
}

export interface ForgesOptions extends Pick<ForgeOptions, 'writeIntervalMs' | 'fetch' | 'onAnswer'> {
  /** Told of every call that was not sent because of a limit: for metrics. */
  readonly onLimited?: (limit: LimitKind) => void;
  /** Identities whose limits are remembered, those in use aside; one that is forgotten learns them from its next answer. Default 1,000. */
  readonly identitiesMax?: number;
}

const IDENTITIES_MAX = 1_000;

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
  readonly #options: ForgesOptions;
  readonly #now: () => number;
  readonly #secrets = new Map<string, { data: Record<string, string>; readAt: number }>();
  readonly #accounts = new Map<string, Cached>();
  readonly #budgets = new Map<string, Budget>();

  constructor(client: KubeClient, options: ForgesOptions = {}, now: () => number = Date.now) {
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
    if (name === undefined) return null;
    const { data, where } = await this.#secret(repository, name, 'secret');
    if (data.secret === undefined) throw new Stalled('SecretMissing', `${where} has no key secret; add it.`);
    return data.secret;
  }

  async #account(repository: Repository, secretName: string): Promise<ForgeAccount> {
    const gitURL = gitOrigin(repository);
    const { data, where } = await this.#secret(repository, secretName, 'token');
    const credential = credentialOf(data, where);
    const key = `${repository.spec.apiURL} ${gitURL} ${repository.metadata.namespace}/${secretName}`;
    const version = versionOf(credential);
    const cached = this.#accounts.get(key);
    if (cached?.version === version) return cached.account;
    const identity = identityOf(new URL(repository.spec.apiURL).origin, credential);
    const account = this.#connect(repository, gitURL, credential, identity);
    this.#accounts.set(key, { version, identity, account });
    account.catch(() => this.#accounts.get(key)?.account === account && this.#accounts.delete(key));
    return account;
  }

  async #connect(
    repository: Repository,
    gitURL: string,
    credential: Credential,
    identity: string,
  ): Promise<ForgeAccount> {
    const { apiURL } = repository.spec;
    const budget = this.#budgetOf(identity);
    const { kind: _, ...secret } = credential;
    const { onLimited: _told, identitiesMax: _max, ...options } = this.#options;
    const forge = createForge({ ...options, ...secret, baseURL: apiURL, gitURL, budget });
    return { forge, actor: await forge.whoami(), waiting: () => budget.waiting };
  }

  /** One for each identity in the process, whichever Secrets hold it: the forge counts identities. */
  #budgetOf(identity: string): Budget {
    const { onLimited } = this.#options;
    const budget = this.#budgets.get(identity) ?? new Budget({ now: this.#now, ...(onLimited && { onLimited }) });
    if (this.#budgets.size >= (this.#options.identitiesMax ?? IDENTITIES_MAX)) this.#forgetUnused();
    this.#budgets.set(identity, budget);
    return budget;
  }

  /** A token that was rotated away is used no more; whoever rotates often makes nobody else forget a limit. */
  #forgetUnused(): void {
    const used = new Set([...this.#accounts.values()].map(({ identity }) => identity));
    for (const identity of this.#budgets.keys()) if (!used.has(identity)) this.#budgets.delete(identity);
  }

  async #secret(repository: Repository, name: string, key: string) {
    const ref = { namespace: repository.metadata.namespace!, name };
    const host = forgeHost(repository);
    const where = nameOf(ref);
    const id = `${where} ${host}`;
    const known = this.#secrets.get(id);
    if (known !== undefined && this.#now() - known.readAt < SECRET_TTL_MS) return { data: known.data, where };
    const data = await readForgeData(this.#client, ref, key, host);
    this.#secrets.set(id, { data, readAt: this.#now() });
    return { data, where };
  }
}
