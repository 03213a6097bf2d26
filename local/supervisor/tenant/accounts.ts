import type { Layout } from '#lib/datadir';
import { secretOf } from '../secrets.ts';
import type { ForgeCalls } from './forge-admin.ts';

/** Accounts at the local forge. An approval by a pull request's author is refused there, so agents have one each. */
export const ACCOUNTS = {
  /** The person at this machine. */
  you: { login: 'you', type: 'User', permission: 'admin' },
  conductor: { login: 'rig-conductor', type: 'Bot', permission: 'write' },
  'dev-e': { login: 'rig-dev-e', type: 'Bot', permission: 'write' },
  'review-e': { login: 'rig-review-e', type: 'Bot', permission: 'write' },
} as const;
export type Account = keyof typeof ACCOUNTS;

/** An account's token; the forge is told it when the account is made. */
export function tokenOf(layout: Layout, account: Account): string {
  return secretOf(layout, `forge-token-${account}`, 'ghp_');
}

/** Safe to repeat. */
export async function createAccounts(layout: Layout, forge: ForgeCalls): Promise<void> {
  for (const [account, { login, type }] of Object.entries(ACCOUNTS)) {
    await forge.admin('POST', '/users', { login, type, token: tokenOf(layout, account as Account) });
  }
}

/** Who may do what in a repository, as the forge's admin API takes it. */
export function collaborators(): Record<string, string> {
  return Object.fromEntries(Object.values(ACCOUNTS).map(({ login, permission }) => [login, permission]));
}
