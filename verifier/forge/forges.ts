import type { Repository } from '#crds';
import { createForge, type Forge, ForgeError, installationOf } from '#lib/forge';
import { Stalled } from '#lib/kube';
import { type ForgeApp, readForgeApp } from './app.ts';

/** How long the files are trusted before they are read again: rotation takes this long at most. */
const READ_EVERY_MS = 10_000;
/** How long it is believed where the App is installed. */
const INSTALLED_MS = 600_000;

/** The verifier at a repository's forge. */
export interface VerifierForge {
  readonly forge: Forge;
  /** Host with port. */
  readonly host: string;
}

interface Found {
  readonly at: number;
  readonly number: Promise<number>;
}

/** The verifier's App at its forge, through whichever of its installations covers a repository. No credential leaves for another origin. */
export class VerifierForges {
  readonly #directory: string;
  readonly #options: { readonly writeIntervalMs: number };
  readonly #now: () => number;
  #read: { readonly at: number; readonly app: Promise<ForgeApp> } | undefined;
  #version = '';
  readonly #installations = new Map<string, Found>();
  readonly #forges = new Map<number, Forge>();

  constructor(directory: string, options: { readonly writeIntervalMs: number }, now: () => number) {
    this.#directory = directory;
    this.#options = options;
    this.#now = now;
  }

  /** The App as its files say now. Throws Stalled. */
  app(): Promise<ForgeApp> {
    const { at = 0, app } = this.#read ?? {};
    if (app !== undefined && this.#now() - at < READ_EVERY_MS) return app;
    const read = readForgeApp(this.#directory);
    this.#read = { at: this.#now(), app: read };
    read.catch(() => {
      if (this.#read?.app === read) this.#read = undefined;
    });
    return read;
  }

  /** Throws Stalled where the App is not there, not of that forge or not installed on the repository, ForgeError where the forge refuses. */
  async forRepository({ spec }: Repository): Promise<VerifierForge> {
    const app = await this.app();
    const { origin, host } = new URL(app.apiURL);
    if (new URL(spec.apiURL).origin !== origin)
      throw new Stalled(
        'SecretNotAllowed',
        `The verifier's App is one of ${host}, and the Repository is at ${new URL(spec.apiURL).host}, where its key is not sent.`,
      );
    if (app.version !== this.#version) this.forget();
    this.#version = app.version;
    const installationId = await this.#installed(app, spec);
    const known = this.#forges.get(installationId);
    const forge = known ?? this.#open(app, installationId);
    this.#forges.set(installationId, forge);
    return { forge, host };
  }

  #open({ apiURL: baseURL, appId, privateKey }: ForgeApp, installationId: number): Forge {
    return createForge({ ...this.#options, baseURL, app: { appId, privateKey, installationId } });
  }

  async #installed(app: ForgeApp, { owner, name }: Repository['spec']): Promise<number> {
    const key = `${owner}/${name}`.toLowerCase();
    const known = this.#installations.get(key);
    if (known !== undefined && this.#now() - known.at < INSTALLED_MS) return known.number;
    const number = installationOf({ baseURL: app.apiURL }, app, { owner, name }).catch((error: unknown) => {
      this.#installations.delete(key);
      if (error instanceof ForgeError && error.code === 'InstallationRemoved')
        throw new Stalled('InstallationRemoved', error.message);
      throw error;
    });
    this.#installations.set(key, { at: this.#now(), number });
    return number;
  }

  /** Where the App is installed is asked anew: an installation was removed, or its key is not taken any more. */
  forget(): void {
    this.#installations.clear();
    this.#forges.clear();
  }
}
