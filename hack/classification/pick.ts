// Picks changes of a project to be labelled, by a rule that knows nothing of them: `node hack/classification/pick.ts CLONE HEAD`.
// Four lists of the commits on the first-parent line of HEAD (or of a range), newest first, evenly spread over it: ten of those
// that touch a path where work that cannot be undone could be, two of those that touch prose and tests alone, five of all, seven of
// those that touch code, SQL or manifests whose names say more narrowly that they could. Machines that bump versions are drawn
// among all, not in the others; a change of more than 30 files or 800 lines, or one that the clone does not have whole, is passed
// over for the next: nobody could read it.
import { execFileSync } from 'node:child_process';
import { type FileFacts, joinFacts } from './history.ts';

const HARD =
  /auth|log-?in|sign-?(?:in|up)|session|token|password|permission|role|member|invit|sso|saml|openid|oauth|secret|credential|keychain|payment|billing|stripe|subscription|checkout|purchase|webhook|migration|schema\.|delet|remov|purge|retention|backup|\.github\/workflows|dockerfile|docker-compose|deploy|terraform|\.gitmodules|pvc|volume|rbac|cert|networkpolic|\.sops\.|security/i;
const NARROW =
  /auth|log-?in|log-?out|sign-?(?:in|up)|session|token|password|permission|rbac|role|invit|saml|openid|oauth|secret|credential|keychain|payment|billing|stripe|purchase|webhook|migration|retention|backup|delet|purge|cert|user/i;
const CODE = /\.(?:[jt]sx?|py|cs|swift|m|sql|ya?ml)$/;
const NO_CODE = /(?:^|\/)\.github\/|docker|test|spec|mock/i;
const LIGHT = /\.(?:md|mdx|rst|txt)$|(?:^|\/)(?:docs?|tests?|__tests__|spec)\/|[.-](?:test|spec)s?\.\w+$/i;

const [clone = '', head = ''] = process.argv.slice(2);
const git = (...args: string[]) =>
  execFileSync('git', ['-C', clone, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
// Names alone: a clone may be without its largest blobs, which counts of lines would need.
const log = git(
  'log',
  '--first-parent',
  '-m',
  '--raw',
  '--no-renames',
  '--abbrev=40',
  '-z',
  '--format=%x01%H%x02%an%x03',
  head,
);

interface Commit {
  readonly id: string;
  readonly machine: boolean;
  readonly files: readonly FileFacts[];
}

const commits: Commit[] = log
  .split('\x01')
  .slice(1)
  .map((entry) => {
    const [id = '', rest = ''] = entry.split('\x02');
    const [author = '', diff = ''] = rest.split('\x03');
    const machine = /bot\b|\[bot\]|renovate|dependabot|action/i.test(author);
    return { id, machine, files: joinFacts(diff.replace(/^[\0\n]+/, ''), '') };
  });

function readable({ id, files }: Commit): boolean {
  if (files.length === 0 || files.length > 30) return false;
  try {
    const lines = git('diff', '--numstat', `${id}^1`, id).match(/^\d+\t\d+/gm) ?? [];
    return lines.flatMap((line) => line.split('\t')).reduce((sum, count) => sum + Number(count), 0) <= 800;
  } catch {
    return false;
  }
}

const byPeople = commits.filter(({ machine, files }) => !machine && files.length > 0);
const isNarrow = (path: string) => NARROW.test(path) && CODE.test(path) && !NO_CODE.test(path);
const taken = new Set<string>();
for (const [name, count, list] of [
  ['hard', 10, byPeople.filter(({ files }) => files.some(({ path }) => HARD.test(path)))],
  ['light', 2, byPeople.filter(({ files }) => files.every(({ path }) => LIGHT.test(path)))],
  ['all', 5, commits],
  ['narrow', 7, byPeople.filter(({ files }) => files.some(({ path }) => isNarrow(path)))],
] as const)
  for (const id of spread(list, count)) console.log(`${name} ${id}`);

/** One of each of `count` stretches of the list: the first from its middle on that can be read and was not taken. */
function spread(list: readonly Commit[], count: number): string[] {
  const found: string[] = [];
  for (let part = 0; part < count; part += 1) {
    const from = Math.floor(((part + 0.5) * list.length) / count);
    const one = list.slice(from).find((commit) => readable(commit) && !taken.has(commit.id));
    if (one === undefined) continue;
    taken.add(one.id);
    found.push(one.id);
  }
  return found;
}
