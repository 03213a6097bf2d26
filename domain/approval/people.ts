/** Who somebody is to Sigstore: the certificate's name and who vouched for it. Both are compared as whole strings. */
export interface Identity {
  readonly subject: string;
  readonly issuer: string;
}

/** Somebody who may approve. `logins` are their accounts at forges, `groups` what policies call them by. */
export interface Human extends Identity {
  readonly logins: readonly string[];
  readonly groups: readonly string[];
}

/** Issuers that vouch for workloads, never for people. A cluster's own is any that ends as these begin. */
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

/** Whether nobody of that name can be a person: by who vouched, or by the kind of name. `machines` are the listed ones. */
export function isMachine({ subject, issuer }: Identity, machines: readonly Identity[]): boolean {
  if (machines.some((machine) => machine.issuer === issuer)) return true;
  if (
    MACHINE_ISSUERS.some(
      (known) => issuer === known || issuer.startsWith(`${known}/`) || issuer.startsWith(`${known}.`),
    )
  )
    return true;
  return subject.startsWith('spiffe://') || subject.endsWith('.gserviceaccount.com');
}

/** The listed human with exactly this name and issuer; undefined where there is none. */
export function humanOf({ subject, issuer }: Identity, humans: readonly Human[]): Human | undefined {
  return humans.find((human) => human.subject === subject && human.issuer === issuer);
}

/** Whether a human is one of the accounts at the forge. Logins are the same in whatever case (GitHub). */
export function hasLogin(human: Human, logins: readonly string[]): boolean {
  const own = new Set(human.logins.map((login) => login.toLowerCase()));
  return logins.some((login) => own.has(login.toLowerCase()));
}
