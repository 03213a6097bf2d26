import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenedBundle } from '#domain';
import { OpenedBundles } from './opened.ts';

const opened = (payload: string) => ({ payload }) as OpenedBundle;

test('a bundle is opened once, and one that does not open too', () => {
  const bundles = new OpenedBundles();
  let times = 0;
  const open = () => {
    times += 1;
    return { refused: 'BundleInvalid', message: 'No.' } as const;
  };
  assert.deepEqual(bundles.of('a', open), bundles.of('a', open));
  assert.equal(times, 1);
});

test('of many, or of long ones, the oldest are forgotten, so that what anybody files has a bound', () => {
  for (const [count, payload] of [
    [5_000, 'short'],
    [40, 'x'.repeat(1_024 * 1_024)],
  ] as const) {
    const bundles = new OpenedBundles();
    for (let at = 0; at < count; at += 1) bundles.of(`bundle-${at}`, () => opened(payload));
    let again = 0;
    const open = () => {
      again += 1;
      return opened(payload);
    };
    bundles.of(`bundle-${count - 1}`, open);
    assert.equal(again, 0);
    bundles.of('bundle-0', open);
    assert.equal(again, 1);
  }
});
