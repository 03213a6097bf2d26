import { createHash } from 'node:crypto';

/** Words that say what a line does. Only these stay readable in an outline; every other word becomes one that means nothing. */
const KEPT = new Set(
  `
  drop table column index constraint foreign delete from truncate alter add rename create insert into update set null not exists
  where cascade run sql python field model remove op execute migration builder upgrade downgrade up down revision nullable default
  api version kind apigroup name namespace secret external sealed role cluster binding service account persistent volume claim
  storage class custom resource definition job cron deployment stateful daemon helm release repository oci git kustomization config
  map ingress http route gateway network policy validating mutating webhook admission pod data string sops image tag digest sha
  replicas host privileged security context prune spec metadata resources verbs rules subjects group user schedule chart values
  auth authentication authenticate authorization authorize authorized login logout sign in out token jwt oauth oidc saml session
  cookie same site password passwd credential credentials key keys keychain certificate certificates cert pem tls ssl csrf cors
  xss escape html encrypt decrypt encrypted hash crypto permission permissions allow deny admin access claims scope mfa factor two
  totp lockout anonymous private public entitlement entitlements provisioning profile
  secrets tokens passwords cookies sessions privilege privileges escalation capabilities only read root run as non filesystem reclaim
  deletion network pid path claims
  payment payments pay charge refund invoice amount card billing subscription checkout currency
  uses with env on push pull request workflow dispatch steps jobs needs script scripts install build test tests lint coverage
  threshold warnings error
  dependencies peer optional dev resolved integrity requires package packages reference include source sources registry index
  git github branch link path file
  import using require def function const let var return if else for while try catch throw async await static void true false
  class struct enum interface extends override describe it expect assert should skip todo fixme
  `
    .trim()
    .split(/\s+/),
);

/**
 * A line of which the words that are not in the list above are replaced by others of the same length and case: always the same
 * one for the same word, so that equal lines stay equal. Digits, signs, layout and the hosts of URLs stay.
 */
export function outlineLine(line: string): string {
  return line
    .split(/([a-z][a-z0-9+.-]*:\/\/(?:[^\s/@"']*@)?[a-z0-9.-]+)/i)
    .map((part, index) => (index % 2 === 1 ? part.replace(/\/\/[^/]*@/, '//') : outlineWords(part)))
    .join('');
}

/** Whether a line has one of the words that stay. */
export function speaks(line: string): boolean {
  return subwords(line).some((word) => KEPT.has(word.toLowerCase()));
}

const SUBWORD = /\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})|\p{Lu}|\p{L}/gu;

function subwords(line: string): string[] {
  return line.match(SUBWORD) ?? [];
}

function outlineWords(text: string): string {
  return text.replace(SUBWORD, (word) => (KEPT.has(word.toLowerCase()) ? word : meaningless(word)));
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
