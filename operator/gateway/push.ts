import { type GitCache, GitError, type GitOptions, git, gitSays, type Remote } from '#lib/git';
import { type ReceiveCommands, type RefUpdate, ZERO } from './pkt.ts';

/** Why a push was not taken, in one sentence for whoever pushed. */
export class PushRefused extends Error {
  override name = 'PushRefused';
  readonly reason: 'OtherRefPushed' | 'NotFastForward' | 'RefMoved' | 'BadObjects' | 'Unrelated' | 'IrreversibleTier';

  constructor(reason: PushRefused['reason'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

/** Refs that a refusal names, and characters of each: git shows five hundred of all of it, and what helps comes last. */
const NAMED = 3;
const NAME_MAX = 60;

/** The one update that the task `task` may make: its own branch, forward. Throws {@link PushRefused}. */
export function soleUpdate(commands: ReceiveCommands, { task, branch }: { task: string; branch: string }): RefUpdate {
  const [update, ...more] = commands.updates;
  const ref = `refs/heads/${branch}`;
  if (update === undefined || more.length > 0 || update.ref !== ref)
    throw new PushRefused(
      'OtherRefPushed',
      `task ${task} pushes exactly one ref, ${ref}; it tried ${named(commands.updates)}; push HEAD:${ref} alone`,
    );
  if (update.new === ZERO)
    throw new PushRefused(
      'OtherRefPushed',
      `task ${task} cannot delete ${ref}; to take something back, commit its inverse and push that`,
    );
  return update;
}

function named(updates: readonly RefUpdate[]): string {
  const plain = (ref: string) => ref.replaceAll(/[^\x21-\x7e]/g, '?');
  const short = (ref: string) => (ref.length <= NAME_MAX ? ref : `${ref.slice(0, NAME_MAX)}...`);
  const shown = updates.slice(0, NAMED).map(({ ref }) => short(plain(ref)));
  const more = updates.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ') || 'nothing';
}

export interface Forwarding {
  readonly cache: GitCache;
  readonly remote: Remote;
  readonly update: RefUpdate;
  readonly branch: string;
  /** Tips as the forge has them now. */
  readonly base: string;
  readonly tip: string | null;
  readonly pack: Buffer;
  /** Runs the exact push to the forge as a recorded effect. */
  readonly forward: (push: () => Promise<void>) => Promise<void>;
}

/**
 * Takes the pack into quarantine, checks that every object is there and sound and that the branch only moves forward, then pushes to the forge
 * exactly from the tip that was checked. Throws {@link PushRefused}; the forge has not changed then.
 */
export async function forwardPush(forwarding: Forwarding): Promise<void> {
  const { cache, remote, update, branch, tip, pack } = forwarding;
  if ((tip ?? ZERO) !== update.old)
    throw new PushRefused(
      'RefMoved',
      `${branch} is at ${tip ?? 'nothing'}, not at ${update.old}; fetch and push again`,
    );
  await cache.quarantine(remote, async (path) => {
    if (pack.length > 0) await unpack(path, pack);
    await checkHistory(path, forwarding);
    const lease = `--force-with-lease=refs/heads/${branch}:${tip ?? ''}`;
    await forwarding.forward(() =>
      pushExactly(
        ['push', '--quiet', '--no-verify', lease, remote.url, `${update.new}:refs/heads/${branch}`],
        {
          cwd: path,
          authorization: remote.authorization,
        },
        branch,
      ),
    );
  });
}

/** The status makes it a definite refusal for the effects table: nothing moved, and this push is not repeated by itself. */
async function pushExactly(args: readonly string[], options: GitOptions, branch: string): Promise<void> {
  try {
    await git(args, options);
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause;
    // The refs were not even offered, so nothing was sent.
    if (cause.output.includes('unable to access')) throw Object.assign(cause, { code: 'ECONNREFUSED' });
    if (!cause.output.includes('rejected')) throw cause;
    throw Object.assign(
      new PushRefused(
        'RefMoved',
        `the forge refused to move ${branch}: it moved meanwhile, or a rule of the forge forbids it; fetch, and push on top of what is there`,
        { cause },
      ),
      { status: 409 },
    );
  }
}

async function unpack(path: string, pack: Buffer): Promise<void> {
  try {
    await git(['index-pack', '--stdin', '--fix-thin', '--strict'], { cwd: path, input: pack, bounded: true });
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause;
    throw new PushRefused(
      'BadObjects',
      'the pack is damaged or holds objects that git refuses; git fsck --strict in the clone names them',
      { cause },
    );
  }
}

async function checkHistory(path: string, { update, branch, base, tip }: Forwarding): Promise<void> {
  const known = [base, ...(tip === null ? [] : [tip])];
  try {
    await git(['rev-list', '--objects', '--quiet', update.new, '--not', ...known], { cwd: path });
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause;
    throw new PushRefused(
      'BadObjects',
      'objects that the commit needs are missing from the push; fetch the base branch whole and push again',
      { cause },
    );
  }
  if (tip !== null && !(await gitSays(['merge-base', '--is-ancestor', tip, update.new], { cwd: path }))) {
    throw new PushRefused(
      'NotFastForward',
      `the push would take commits off ${branch}; only fast-forward pushes are taken: fetch, and commit on top of ${tip}`,
    );
  }
  if (!(await gitSays(['merge-base', base, update.new], { cwd: path })))
    throw new PushRefused(
      'Unrelated',
      `what was pushed to ${branch} shares no history with the base branch; begin at its tip, ${base}`,
    );
}
