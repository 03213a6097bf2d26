/** Who somebody is to Sigstore: the certificate's name and who vouched for it. Both are compared as whole strings. */
export interface Identity {
  readonly subject: string;
  readonly issuer: string;
}

/** What a name in a certificate is. */
export type NameKind = 'email' | 'uri';

/** Somebody who may approve. `groups` are what policies call them by. */
export interface Human extends Identity {
  /** What the name is in their certificates. Default a mail address: that is what people have. */
  readonly kind?: NameKind;
  /** Their accounts at the forge, by name: who renames one is another until the list says so. */
  readonly logins: readonly string[];
  /** Their accounts at the forge, by the number that stays whatever they are called. */
  readonly ids?: readonly number[];
  readonly groups: readonly string[];
}

/** An account at the forge. */
export interface Account {
  readonly id: number;
  readonly login: string;
}

/** Issuers that vouch for workloads, never for people; what follows behind `/` or `.` is theirs too. */
const MACHINE_ISSUERS = [
  'https://token.actions.githubusercontent.com',
  'https://gitlab.com',
  'https://agent.buildkite.com',
  'https://oidc.circleci.com',
  'https://oidc.codefresh.io',
  'https://app.terraform.io',
  'https://container.googleapis.com',
  'https://kubernetes.default.svc',
];
/** Names that Fulcio and clusters give to workloads, whoever vouched: a cluster's issuer may have any address. */
const MACHINE_NAMES = ['spiffe://', 'https://kubernetes.io/namespaces/', 'system:serviceaccount:'];

/**
 * Whether nobody of that name can be a person: by who vouched, or by the kind of name. `machines` are the listed ones; whoever vouches for one of
 * them vouches for no person.
 */
export function isMachine({ subject, issuer }: Identity, machines: readonly Identity[]): boolean {
  if (machines.some((machine) => machine.issuer === issuer)) return true;
  if (
    MACHINE_ISSUERS.some(
      (known) => issuer === known || issuer.startsWith(`${known}/`) || issuer.startsWith(`${known}.`),
    )
  )
    return true;
  return MACHINE_NAMES.some((start) => subject.startsWith(start)) || subject.endsWith('.gserviceaccount.com');
}

/** The listed human with exactly this name and issuer; undefined where there is none. */
export function humanOf({ subject, issuer }: Identity, humans: readonly Human[]): Human | undefined {
  return humans.find((human) => human.subject === subject && human.issuer === issuer);
}

/** The people who are listed, and what the list says of four eyes: null for so where two or more are listed. */
export interface ListedPeople {
  readonly humans: readonly Human[];
  readonly fourEyes: boolean | null;
}

/** Whether who had a hand in a change may not say yes to it. */
export function hasFourEyes({ humans, fourEyes }: ListedPeople): boolean {
  return fourEyes ?? humans.length >= 2;
}

/** Whether the list says which accounts at the forge a human has: without any nobody can tell whether they pushed a change. */
export function hasAccounts({ logins, ids = [] }: Human): boolean {
  return logins.length > 0 || ids.length > 0;
}

/** Whether a human is one of the accounts, by number or by name. Names are the same in whatever case (GitHub). */
export function isOneOf(human: Human, accounts: readonly Account[]): boolean {
  const logins = new Set(human.logins.map((login) => login.toLowerCase()));
  const ids = new Set(human.ids);
  return accounts.some(({ id, login }) => ids.has(id) || logins.has(login.toLowerCase()));
}
