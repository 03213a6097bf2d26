import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Chronicle, type Witnessed } from './chronicle.ts';

const event = (version: number, digest = `d${version}`): Witnessed => ({
  stream: 's',
  version,
  pos: version,
  type: 'ISSUE_FILED',
  data: {},
  at: '2026-01-01T00:00:00.000Z',
  digest,
});
const digest = (...digests: string[]) => createHash('md5').update(digests.join(',')).digest('hex');

/** A chronicle that has seen versions 1 to 3, the last two in the wrong order. */
function seen(): Chronicle {
  const chronicle = new Chronicle();
  chronicle.take([event(1), event(3), event(2)]);
  return chronicle;
}

test('what comes in the wrong order is kept in the order of versions, what comes again is no news', () => {
  const chronicle = seen();
  assert.deepEqual(chronicle.take([event(2), event(4)]), [event(4)]);
  assert.deepEqual(
    chronicle.of('s').map(({ version }) => version),
    [1, 2, 3, 4],
  );
  assert.deepEqual(chronicle.faults, []);
  assert.deepEqual(chronicle.compare([{ stream: 's', count: 4, digest: digest('d1', 'd2', 'd3', 'd4') }]), []);
});

test('an event that is another than before, is gone, or came behind our back is a fault', () => {
  const chronicle = seen();
  chronicle.take([event(2, 'other')]);
  assert.match(chronicle.faults.join(), /version 2 was ISSUE_FILED/);
  assert.match(chronicle.compare([]).join(), /its 3 events are gone/);
  assert.match(chronicle.compare([{ stream: 's', count: 2, digest: '' }]).join(), /3 events were seen, 2 are there/);
  const changed = { stream: 's', count: 3, digest: digest('d1', 'dX', 'd3') };
  assert.match(chronicle.compare([changed]).join(), /not what they were/);
});
