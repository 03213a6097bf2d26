import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import fc from 'fast-check';
import { BundleFault, packOf } from './bundle.ts';

const HEAD = 'a'.repeat(40);
const read = (pieces: Buffer[], limit = 100_000) => buffer(Readable.from(packOf(Readable.from(pieces), HEAD, limit)));
const bundle = (header: string, pack = Buffer.from('PACK\n\nrest')) => Buffer.concat([Buffer.from(header), pack]);
const GOOD = `# v2 git bundle\n-${'b'.repeat(40)} base\n${HEAD} HEAD\n\n`;

test('the pack of a bundle is what follows its header, in whatever pieces it comes', async () => {
  const whole = bundle(GOOD);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 6 }), async (cuts) => {
      const ends = [0, ...cuts.sort((a, b) => a - b), whole.length];
      const pieces = ends.slice(1).map((end, i) => whole.subarray(ends[i], end));
      assert.equal((await read(pieces)).toString(), 'PACK\n\nrest');
    }),
  );
});

test('another commit, several refs, another format, no header and no end of it are refused', async () => {
  for (const [text, why] of [
    [GOOD.replace(HEAD, 'c'.repeat(40)), /exactly the commit/],
    [GOOD.replace('\n\n', `\n${HEAD} refs/heads/other\n\n`), /exactly the commit/],
    ['# v2 git bundle\n\n', /exactly the commit/],
    [GOOD.replace('v2', 'v3'), /version 2/],
    ['<html>', /before its pack begins/],
    ['x'.repeat(20_000), /longer than/],
  ] as const)
    await assert.rejects(read([bundle(text, Buffer.alloc(0))]), (error) => {
      assert.ok(error instanceof BundleFault);
      assert.match(error.message, why);
      return true;
    });
});

test('a bundle over the limit is refused at the first byte too many', async () => {
  let asked = 0;
  const endless = Readable.from(
    (async function* () {
      yield bundle(GOOD);
      for (;;) {
        asked += 1;
        yield Buffer.alloc(1_000);
      }
    })(),
  );
  await assert.rejects(buffer(Readable.from(packOf(endless, HEAD, 5_000))), /larger than 5000 bytes/);
  assert.ok(asked < 30);
});
