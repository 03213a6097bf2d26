import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { advertisement, FLUSH, PktError, parseReceive, pkt, report, ZERO } from './pkt.ts';

const SHA = '0123456789012345678901234567890123456789';
const hex = (length: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
    .map((digits) => digits.join(''));
const ref = fc
  .string({ unit: fc.constantFrom(...'abcz09-._/éß'), minLength: 1, maxLength: 60 })
  .map((name) => `refs/heads/${name}`);

test('what a client says is read back: updates, capabilities, and where the pack begins', () => {
  const property = fc.property(
    fc.array(fc.record({ old: hex(40), new: hex(40), ref }, { noNullPrototype: true }), {
      minLength: 1,
      maxLength: 16,
    }),
    fc.uint8Array({ maxLength: 200 }),
    (updates, pack) => {
      const lines = updates.map((one, index) =>
        pkt(`${one.old} ${one.new} ${one.ref}${index === 0 ? '\0 report-status side-band-64k agent=git/2' : ''}\n`),
      );
      const body = Buffer.concat([...lines, FLUSH, pack]);
      const read = parseReceive(body);
      assert.deepEqual(read.updates, updates);
      assert.deepEqual([...read.capabilities], ['report-status', 'side-band-64k', 'agent=git/2']);
      assert.deepEqual(body.subarray(read.packStart), Buffer.from(pack));
    },
  );
  fc.assert(property, { numRuns: 200 });
});

test('arbitrary bytes are either a push or a PktError, and never more than sixteen updates', () => {
  const line = fc.oneof(
    fc.uint8Array({ maxLength: 80 }).map((bytes) => pkt(Buffer.from(bytes))),
    fc.tuple(hex(40), hex(40), ref).map(([from, to, name]) => pkt(`${from} ${to} ${name}\n`)),
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(FLUSH, Buffer.from('0001'), Buffer.from('0004'), Buffer.from('fff0'), Buffer.from('-001')),
  );
  const property = fc.property(fc.array(line, { maxLength: 40 }), (parts) => {
    const body = Buffer.concat(parts);
    try {
      const { updates, packStart } = parseReceive(body);
      assert.ok(updates.length <= 16 && packStart <= body.length);
    } catch (error) {
      assert.ok(error instanceof PktError, `${error}`);
    }
  });
  fc.assert(property, { numRuns: 2_000 });
});

test('a push cut off anywhere in its head is refused', () => {
  const body = Buffer.concat([pkt(`${ZERO} ${SHA} refs/heads/a\0report-status\n`), FLUSH]);
  for (let length = 0; length < body.length; length++)
    assert.throws(() => parseReceive(body.subarray(0, length)), PktError, `${length} bytes`);
});

test('a seventeenth update is refused before the rest is read', () => {
  const lines = Array.from({ length: 17 }, (_, at) => pkt(`${ZERO} ${SHA} refs/heads/b${at}\n`));
  assert.throws(() => parseReceive(Buffer.concat([...lines, FLUSH])), /too many refs/);
});

test('a refusal is told on the side band and as the status of each ref, without line breaks and bounded', () => {
  const updates = [{ old: ZERO, new: SHA, ref: 'refs/heads/a' }];
  const commands = { updates, capabilities: new Set(['side-band-64k']), packStart: 0 };
  const said = report(commands, `no\r\nng refs/heads/a forged ${'x'.repeat(5_000)}`).toString();
  assert.match(said, /ng refs\/heads\/a no ng refs\/heads\/a forged x+\n/);
  assert.ok(said.includes('\x02rig: no ng'));
  assert.ok(said.length < 1_300);
  assert.match(report({ ...commands, capabilities: new Set() }, null).toString(), /^000eunpack ok\n.*ok refs/s);
});

test('an empty repository is advertised with its capabilities and no ref', () => {
  assert.match(
    advertisement([]).toString(),
    /^001f# service=git-receive-pack\n0000[0-9a-f]{4}0{40} capabilities\^\{\}\0/,
  );
});
