import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDeliveries, countDeliveries, type Sent, type Stored } from './deliveries.ts';

const sent = (guid: string, status = 202): Sent => ({ guid, status, pending: false });
const stored = (id: string, changed: Partial<Stored> = {}): Stored => ({
  id,
  finished: true,
  outcome: 'applied',
  detail: 'Noted.',
  ...changed,
});

test('deliveries that were stored, sent again, or lost and never answered are accounted for', () => {
  const all = [sent('a'), sent('b', 0), sent('b'), sent('c', 0), sent('d')];
  const kept = [stored('a'), stored('b'), stored('d', { outcome: 'ignored', detail: 'Not ours.' })];
  assert.deepEqual(checkDeliveries(all, kept), []);
  assert.deepEqual(countDeliveries(all, kept), { made: 4, applied: 2, ignored: 1, repeated: 1, lost: 1 });
});

test('a delivery that was answered and is gone, that nobody made, that is not settled, failed or was refused is named', () => {
  assert.match(checkDeliveries([sent('a')], []).join(), /a was answered and is not stored/);
  assert.match(checkDeliveries([], [stored('a')]).join(), /a is stored, and the forge made none/);
  assert.match(checkDeliveries([sent('a')], [stored('a', { finished: false })]).join(), /a is not settled/);
  assert.match(
    checkDeliveries([sent('a')], [stored('a', { outcome: 'ignored', detail: '' })]).join(),
    /a ended as ignored: it does not say why/,
  );
  const failed = stored('a', { outcome: 'failed', detail: 'It could not be applied.' });
  assert.match(checkDeliveries([sent('a')], [failed]).join(), /a ended as failed: It could not be applied\./);
  assert.match(checkDeliveries([sent('a', 401)], []).join(), /a was refused with 401/);
});
