import { createHash } from 'node:crypto';

/** Words that say what a line does: to data, to access, to secrets, to money, to what runs. */
const TELLING = words(`
  drop table column index constraint foreign primary delete from truncate alter add rename create insert update null
  where cascade run sql python field model remove op execute migration migrate builder upgrade downgrade up down revision nullable default
  api version kind apigroup name namespace secret external sealed role cluster binding service account persistent volume claim
  storage class custom resource definition job cron deployment stateful daemon helm release repository oci git kustomization config
  map ingress http https route gateway network policy validating mutating webhook admission pod string sops image tag digest sha
  replicas host privileged security context prune spec metadata resources verbs rules subjects group user users schedule chart values
  auth authentication authenticate authenticated authorization authorize authorized login logout sign in out token jwt oauth oidc saml session
  cookie same site password passwd passphrase passcode passkey credential credentials key keys keychain keystore certificate certificates cert pem
  tls ssl mtls csrf xsrf antiforgery cors csp hsts ssrf
  xss escape encode html raw inner sanitize sanitizer sanitized safe mark autoescape nonce content encrypt decrypt encrypted hash crypto permission permissions
  allow allowed deny admin access claims scope mfa factor two
  totp otp lockout captcha webauthn macaroon anonymous private public entitlement entitlements provisioning profile signature signatures signing
  verify verified verification valid check nonce salt hmac bcrypt scrypt openid sso identity impersonate impersonation staff super superuser
  secrets tokens passwords cookies sessions privilege privileges escalation capabilities read root run as non filesystem reclaim
  deletion network pid path retention backup backups restore recovery bootstrap snapshot persistence existing mode modes
  trust trusted proxy origin origins hosts domains insecure skip reject arbitrary loads forwarded middleware forward basic ldap acl whitelist
  payment payments pay payout charge chargeback refund invoice amount card credit billing stripe paypal subscription checkout currency wallet gdpr
  purge wipe destroy flush erase all many any schema database collection block plan lightweight persistent pickle shell child process
  is has for by forbid forbidden unauthorized unauthenticated ban bans banned banning unban admins administrator administrators owner tenant first initial setup new
  mail email accounts roles users directory folder object objects bucket blob blobs rows row record records tree unlink file files item var lib dir mount volumes
  reader holder present denied oauth2 format confirm change changed
  spoof spoofing phish phishing homograph punycode clickjack clickjacking
  code team app group groups sandbox hardened runtime bundle bearer invite invitation reset bot id
  flushall flushdb kubectl helm uninstall terraform alembic x509 pinning
`);

/** Words of languages, builds and packages: a line has them or not, and is told by the others. */
const PLAIN = words(`
  uses with env on push pull request workflow dispatch steps jobs needs script scripts install build test tests lint coverage
  threshold warnings error
  dependencies peer optional dev resolved integrity requires package packages reference include source sources registry index
  git github branch link file set into not exists data only
  import using require def function const let var return if else for while try catch throw async await static void true false
  class struct enum interface extends override describe it expect assert should skip todo fixme
  docker compose curl wget head state store history
`);

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

function isKept(word: string): boolean {
  return TELLING.has(word) || PLAIN.has(word);
}

/**
 * A line of which the words that are in neither list above are replaced by others of the same length and case: always the same
 * one for the same word, so that equal lines stay equal. Digits, signs, layout, digests and the hosts of URLs stay.
 */
export function outlineLine(line: string): string {
  return line
    .split(/([a-z][a-z0-9+.-]*:\/\/(?:[^\s/@"']*@)?[a-z0-9.-]+|sha256:[0-9a-f]{64}(?![0-9a-z]))/i)
    .map((part, index) => (index % 2 === 1 ? part.replace(/\/\/[^/]*@/, '//') : outlineWords(part)))
    .join('');
}

/** How much a line says: 2 where one of its words is telling, 1 where one of them stays, 0 where there is none. */
export function saysMuch(line: string): 0 | 1 | 2 {
  const all = subwords(line).map((word) => word.toLowerCase());
  if (all.some((word) => TELLING.has(word))) return 2;
  return all.some((word) => PLAIN.has(word)) ? 1 : 0;
}

const SUBWORD = /\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})|\p{Lu}|\p{L}/gu;

function subwords(line: string): string[] {
  return line.match(SUBWORD) ?? [];
}

function outlineWords(text: string): string {
  return text.replace(SUBWORD, (word) => (isKept(word.toLowerCase()) ? word : meaningless(word)));
}

/** Vowels are left out: no word comes about by chance. */
const LETTERS = 'bcdfghjklmnpqrstvwxz';

function meaningless(word: string): string {
  const bytes = createHash('sha256').update(word.toLowerCase()).digest();
  return [...word]
    .map((letter, index) => {
      const other = LETTERS[(bytes[index % bytes.length] as number) % LETTERS.length] as string;
      return letter === letter.toLowerCase() ? other : other.toUpperCase();
    })
    .join('');
}
