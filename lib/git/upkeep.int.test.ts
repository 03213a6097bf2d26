import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { noMetrics, silentLogger } from '#lib/observe';
import { TestForge } from './forge.int-kit.ts';
import { BareCopies, GitCache, git, type Needed, Upkeep } from './index.ts';
import { isBroken } from './tending.ts';

const DAY = 86_400_000;
const BASE: Needed = { refs: ['refs/heads/main'], commits: [] };

let forge: TestForge;
let now: number;
let needed: () => Needed | null;
let copies: BareCopies;
let cache: GitCache;
const counted = new Map<string, number>();
const gauges = new Map<string, number>();

/** As a program begins that found these copies on its disk. */
function begin(): void {
  copies = new BareCopies(join(forge.folder, 'cache'), () => now);
  cache = new GitCache(copies);
}

beforeEach(async () => {
  forge = await TestForge.start();
  now = Date.now();
  needed = () => BASE;
  counted.clear();
  gauges.clear();
  begin();
});

afterEach(() => forge.close());

function round(signal?: AbortSignal): Promise<void> {
  const metrics = {
    ...noMetrics,
    count: (_: string, { outcome = '' }: { outcome?: string }, by = 1) =>
      void counted.set(outcome, (counted.get(outcome) ?? 0) + by),
    set: (name: string, _: object, value: number) => void gauges.set(name, value),
  };
  return new Upkeep({ copies, needed: () => needed(), now: () => now, logger: silentLogger, metrics }).round(signal);
}

/** What was counted, zeros aside. */
const told = () => Object.fromEntries([...counted].filter(([, times]) => times > 0));
const copy = () => join(forge.folder, 'cache', 'forge.test', '7.git');
const refs = () => forge.run('--git-dir', copy(), 'for-each-ref', '--format=%(refname)').split('\n');

/** Whether the copy has a commit and everything that it leads to. */
async function isWhole(sha: string): Promise<boolean> {
  return git(['rev-list', '--objects', '--quiet', sha], { cwd: copy() }).then(
    () => true,
    () => false,
  );
}

test('a branch goes that nobody asked for in a week, and what it alone led to; asked for again it is there again', async () => {
  const main = forge.commit();
  const [ended, live] = [forge.commit('rig/1/1'), forge.commit('rig/2/1')];
  await cache.refresh(forge.remote, ['main', 'rig/1/1', 'rig/2/1']);
  now += 6 * DAY;
  await cache.refresh(forge.remote, ['rig/2/1']);
  begin();
  now += DAY;
  await round();
  assert.deepEqual(refs(), ['refs/heads/main', 'refs/heads/rig/2/1']);
  assert.deepEqual([await isWhole(main), await isWhole(ended), await isWhole(live)], [true, false, true]);
  assert.deepEqual(told(), { refLetGo: 1, objectsPruned: 1 });
  assert.equal(gauges.get('rig_git_copies'), 1);
  assert.ok(gauges.get('rig_git_copies_bytes')! > 4_096);
  assert.deepEqual([...(await cache.refresh(forge.remote, ['rig/1/1']))], [['rig/1/1', ended]]);
  assert.ok(await isWhole(ended));
});

test('what no ref reaches stays for a day: a git that runs may be about to name it', async () => {
  forge.commit();
  const forced = forge.commit('rig/2/1');
  const at = now;
  now -= 8 * DAY;
  forge.commit('rig/1/1');
  await cache.refresh(forge.remote, ['main', 'rig/1/1', 'rig/2/1']);
  now = at;
  forge.move('rig/2/1', 'main');
  await cache.refresh(forge.remote, ['rig/2/1']);
  await round();
  assert.deepEqual(told(), { refLetGo: 1, objectsPruned: 1 });
  assert.ok(await isWhole(forced));
});

test('a commit that is needed stays though its branch was put elsewhere, and goes once it is needed no more', async () => {
  const begun = forge.commit();
  const read = forge.commit();
  await cache.refresh(forge.remote, ['main']);
  forge.move('main', begun);
  forge.commit('rig/1/1');
  await cache.refresh(forge.remote, ['main', 'rig/1/1']);
  now += 8 * DAY;
  needed = () => ({ ...BASE, commits: [read, '1'.repeat(40)] });
  await round();
  assert.deepEqual(refs(), ['refs/heads/main', `refs/rig/held/${read}`]);
  assert.ok(await isWhole(read));
  forge.commit('rig/1/1');
  await cache.refresh(forge.remote, ['rig/1/1']);
  now += 8 * DAY;
  needed = () => BASE;
  await round();
  assert.deepEqual(refs(), ['refs/heads/main']);
  assert.deepEqual([await isWhole(read), await isWhole(begun)], [false, true]);
});

test('a copy that nothing names goes after a day in which nobody asks for it, and is made again for whoever does', async () => {
  const main = forge.commit();
  await cache.refresh(forge.remote, ['main']);
  needed = () => null;
  await round();
  now += DAY - 1;
  await cache.refresh(forge.remote, ['main']);
  now += 1;
  await round();
  now += DAY - 1;
  await round();
  assert.ok(existsSync(copy()));
  begin();
  now += 1;
  await round();
  assert.deepEqual([existsSync(copy()), told(), gauges.get('rig_git_copies')], [false, { copyRemoved: 1 }, 0]);
  assert.deepEqual(readdirSync(join(forge.folder, 'cache', 'quarantine')), []);
  await cache.refresh(forge.remote, ['main']);
  assert.ok(await isWhole(main));
});

test('a copy stays as it is while it is not known what is needed of it', async () => {
  forge.commit();
  forge.commit('rig/1/1');
  await cache.refresh(forge.remote, ['main', 'rig/1/1']);
  needed = () => {
    throw new Error('The database is away.');
  };
  now += 100 * DAY;
  await round();
  assert.deepEqual([refs().length, told()], [2, { failed: 1 }]);
});

test('a copy that is read is left alone, and nobody begins to read one that is looked after', async () => {
  forge.commit();
  await cache.refresh(forge.remote, ['main']);
  needed = () => null;
  await round();
  now += DAY;
  await cache.quarantine(forge.remote, () => round());
  assert.ok(existsSync(copy()));
  const order: string[] = [];
  let reading: Promise<unknown> | undefined;
  const looked = copies.tend(forge.remote, async () => {
    reading = cache.quarantine(forge.remote, async () => order.push('read'));
    // As long as to begin reading takes, several times.
    for (let run = 0; run < 6; run += 1) await git(['count-objects'], { cwd: copy() });
    order.push('looked after');
  });
  assert.equal(await looked, true);
  await reading;
  assert.deepEqual(order, ['looked after', 'read']);
});

test('what a process left that died is removed, and nothing of one that lives', async () => {
  forge.commit();
  await cache.refresh(forge.remote, ['main']);
  const left = join(forge.folder, 'cache', 'quarantine', 'push-abcdef');
  mkdirSync(join(left, 'objects'), { recursive: true });
  await cache.quarantine(forge.remote, async (mine) => {
    await round();
    assert.deepEqual([existsSync(left), existsSync(mine)], [false, true]);
  });
  assert.deepEqual(told(), { leftoverRemoved: 1 });
});

test('a round that was ended in the middle is gone on with, and what a git left that was killed is in nobody’s way', async () => {
  forge.commit();
  const ended = forge.commit('rig/1/1');
  await cache.refresh(forge.remote, ['main', 'rig/1/1']);
  now += 8 * DAY;
  writeFileSync(join(copy(), 'refs', 'heads', 'rig', '1', '1.lock'), '');
  const over = new AbortController();
  needed = () => {
    over.abort();
    return BASE;
  };
  await assert.rejects(round(over.signal), { name: 'AbortError' });
  assert.deepEqual([refs(), await isWhole(ended)], [['refs/heads/main'], true]);
  needed = () => BASE;
  begin();
  await round();
  assert.equal(await isWhole(ended), false);
});

test('packs that were never finished go in the next round, also where nothing is to be cleaned, but for one that may be written now', async () => {
  forge.commit();
  await cache.refresh(forge.remote, ['main']);
  const names = ['.tmp-1-pack-1.pack', 'tmp_pack_Ab1', 'tmp_idx_Ab1', '.tmp-2-pack-2.pack', 'tmp_pack_Ab2'];
  const litter = names.map((name) => join(copy(), 'objects', 'pack', name));
  for (const name of litter) writeFileSync(name, '');
  for (const name of litter.slice(0, 3)) utimesSync(name, 0, 0);
  await round();
  assert.deepEqual(litter.map(existsSync), [false, false, false, true, true]);
  assert.deepEqual(told(), {});
});

test('a copy that is damaged is removed when it is cleaned, and made again', async () => {
  const main = forge.commit();
  forge.commit('rig/1/1');
  await cache.refresh(forge.remote, ['main', 'rig/1/1']);
  const tree = forge.run('--git-dir', copy(), 'rev-parse', `${main}^{tree}`);
  rmSync(join(copy(), 'objects', tree.slice(0, 2), tree.slice(2)));
  now += 8 * DAY;
  await round();
  assert.deepEqual([existsSync(copy()), told()], [false, { refLetGo: 1, brokenRemoved: 1 }]);
  await cache.refresh(forge.remote, ['main']);
  assert.ok(await isWhole(main));
});

test('a copy that git cannot look at is not taken for damaged', async () => {
  forge.commit();
  await cache.refresh(forge.remote, ['main']);
  writeFileSync(join(copy(), 'config'), '[');
  assert.equal(await isBroken(copy()), false);
});

test('a cleaning that fails without damage leaves the copy, and is tried again a day later', async () => {
  const main = forge.commit();
  const ended = forge.commit('rig/1/1');
  await cache.refresh(forge.remote, ['main', 'rig/1/1']);
  now += 8 * DAY;
  const inTheWay = join(copy(), 'objects', 'pack');
  rmSync(inTheWay, { recursive: true });
  writeFileSync(inTheWay, '');
  await round();
  await round();
  assert.deepEqual(told(), { refLetGo: 1, failed: 1 });
  rmSync(inTheWay);
  mkdirSync(inTheWay);
  now += DAY;
  await round();
  assert.deepEqual(told(), { refLetGo: 1, failed: 1, objectsPruned: 1 });
  assert.deepEqual([await isWhole(main), await isWhole(ended)], [true, false]);
});

const BRANCHES = ['main', 'rig/1/1', 'rig/2/1'] as const;
const deeds = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom('commit', 'force', 'ask'), branch: fc.constantFrom(...BRANCHES) }),
    fc.record({ do: fc.constant('wait'), branch: fc.constant('main') }),
    fc.record({ do: fc.constantFrom('look', 'look', 'kill'), branch: fc.constant('main') }),
  ),
  { minLength: 8, maxLength: 16 },
);

test('whatever happens in which order, what is asked for is there whole, and what was asked for in the last week stays', async () => {
  let made = 0;
  await fc.assert(
    fc.asyncProperty(deeds, async (all) => {
      copies = new BareCopies(join(forge.folder, `cache-${++made}`), () => now);
      cache = new GitCache(copies);
      const held = new Map<string, { sha: string; at: number }>();
      const remote = { ...forge.remote, id: made };
      for (const branch of BRANCHES) forge.commit(branch);
      for (const { do: deed, branch } of all) {
        if (deed === 'commit') forge.commit(branch);
        else if (deed === 'force') forge.move(branch, forge.run('-C', 'remote', 'rev-list', '--max-parents=0', branch));
        else if (deed === 'wait') now += 3 * DAY;
        else if (deed === 'ask') {
          const [[, sha] = ['', '']] = await cache.refresh(remote, [branch]);
          held.set(branch, { sha, at: now });
        } else {
          const over = new AbortController();
          if (deed === 'kill') setTimeout(() => over.abort(), 20);
          await round(over.signal).catch(() => {});
        }
        const recent = [...held].filter(([name, { at }]) => name === 'main' || now - at < 7 * DAY);
        await cache.quarantine(remote, (cwd) =>
          Promise.all(recent.map(([, { sha }]) => git(['rev-list', '--objects', '--quiet', sha], { cwd }))),
        );
      }
    }),
    { numRuns: 5 },
  );
});
