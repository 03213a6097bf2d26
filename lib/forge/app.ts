import { createAppAuth } from '@octokit/auth-app';
import type { Octokit } from '@octokit/core';
import { ForgeError } from './error.ts';
import { line, object, objectOrNull, requiredMoment } from './read.ts';
import { translate } from './translate.ts';

/** An installation of a GitHub App. */
export interface AppCredential {
  /** The App's numeric id or its client id. */
  readonly appId: string;
  /** RSA key in PEM, PKCS#1 or PKCS#8. */
  readonly privateKey: string;
  readonly installationId: number;
}

export interface AppTokens {
  /** An installation token that lives for at least a minute more. Rejects with ForgeError; the message names what to mend. */
  readonly token: () => Promise<string>;
  /** The App's own name, which its account at the forge is called after. */
  readonly slug: () => Promise<string>;
  /** Whether the present token may write contents. */
  readonly mayPush: () => Promise<boolean>;
  /** The forge did not take the present token: the next call asks for another. */
  readonly forget: () => void;
}

/** A token lives an hour at GitHub; it is renewed this long before its end, in ms, while it still works. */
const RENEW_MS = 5 * 60_000;

interface Installed {
  readonly token: string;
  readonly mayPush: boolean;
  readonly expiresAt: number;
}

/**
 * The tokens of an App's installation: one at a time, made when first asked for, kept in memory alone, renewed before its end by whoever
 * asks then; callers at the same time share the request. Sends through `octokit`, whose transport keeps credentials at their own host.
 */
export function appTokens(app: AppCredential, octokit: Octokit, now: () => number = Date.now): AppTokens {
  const auth = createAppAuth({
    appId: appIdOf(app.appId),
    privateKey: app.privateKey,
    installationId: app.installationId,
    request: octokit.request,
    log: { warn: () => undefined },
  });
  let kept: Installed | undefined;
  let asking: Promise<Installed> | undefined;
  const ask = async (): Promise<Installed> => {
    try {
      const made = object(await auth({ type: 'installation', refresh: true }), 'installation token');
      return {
        token: line(made.token, 'installation token', 4_096),
        mayPush: objectOrNull(made.permissions)?.contents === 'write',
        expiresAt: Date.parse(requiredMoment(made.expiresAt, "installation token's end")),
      };
    } catch (error) {
      throw explained(error, app);
    }
  };
  const renew = (): Promise<Installed> => {
    asking ??= ask()
      .then((made) => (kept = made))
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  const current = async (): Promise<Installed> => {
    const left = (kept?.expiresAt ?? 0) - now();
    if (kept !== undefined && left > RENEW_MS) return kept;
    try {
      return await renew();
    } catch (error) {
      // A forge that does not answer now may still take the old one.
      if (kept !== undefined && left > 60_000 && passing(error)) return kept;
      throw error;
    }
  };
  const token = async () => (await current()).token;
  const mayPush = async () => (await current()).mayPush;
  const slug = async (): Promise<string> => {
    try {
      const { token: jwt } = await auth({ type: 'app' });
      const { data } = await octokit.request('GET /app', { headers: { authorization: `bearer ${jwt}` } });
      return line(object(data, 'App').slug, "App's name", 100);
    } catch (error) {
      throw explained(error, app);
    }
  };
  const forget = () => {
    kept = undefined;
  };
  return { token, slug, mayPush, forget };
}

/** The App's id as the forge's library takes it: a client id stays text. */
export function appIdOf(appId: string): number | string {
  return /^\d+$/.test(appId) ? Number(appId) : appId;
}

function passing(error: unknown): boolean {
  return error instanceof ForgeError && ['Unavailable', 'Timeout', 'RateLimited'].includes(error.code);
}

/** What the forge says to an App about its installation, in words that name what to mend. Never carries key or token. */
function explained(error: unknown, { appId, installationId }: AppCredential): ForgeError {
  const failure = translate(error, 'read', '');
  const which = `installation ${installationId} of the App ${appId}`;
  switch (failure.code) {
    case 'NotFound':
      return new ForgeError(
        'InstallationRemoved',
        `The forge has no ${which}: install the App again, or correct installationId.`,
      );
    case 'Forbidden':
      return new ForgeError('InstallationSuspended', `The forge does not serve ${which}: ${failure.message}`, {
        status: failure.status,
      });
    case 'Unauthorized':
      return new ForgeError(
        'Unauthorized',
        `The forge does not take the key of the App ${appId}; correct appId or privateKey.`,
      );
    default:
      return failure;
  }
}
