import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  continueFrom,
  continuing,
  correlate,
  correlationId,
  correlationOf,
  inScope,
  withCorrelation,
} from './correlation.ts';
import { traced, traceHeaders, traceparent } from './tracing.ts';

const STREAM = '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
const ID = '0199a1b2c3d47e5f8a9b0c1d2e3f4a5b';

test("a stream's correlation id is its UUID without hyphens, and what is no UUID has none", () => {
  assert.equal(correlationOf(STREAM), ID);
  for (const other of [null, undefined, '', 'widgets-7', '00000000-0000-0000-0000-000000000000'])
    assert.equal(correlationOf(other), undefined);
});

test('what is correlated in a scope holds across awaits, and ends with it', async () => {
  await inScope(async () => {
    assert.equal(correlationId(), undefined);
    correlate(STREAM);
    await setImmediate();
    assert.equal(correlationId(), ID);
  });
  assert.equal(correlationId(), undefined);
});

test('two scopes at the same time do not see each other', async () => {
  const other = 'ffffffff-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
  const seen = await Promise.all(
    [STREAM, other].map((stream) =>
      inScope(async () => {
        correlate(stream);
        await setImmediate();
        return correlationId();
      }),
    ),
  );
  assert.deepEqual(seen, [ID, correlationOf(other)]);
});

test('outside of work for a subject there is no traceparent, within it the whole is the parent', () => {
  assert.deepEqual(traceHeaders(), {});
  withCorrelation(STREAM, () => assert.equal(traceparent(), `00-${ID}-8a9b0c1d2e3f4a5b-00`));
});

test('a header goes on under its span only within the correlation that was established without it', () => {
  const mine = `00-${ID}-00000000000000aa-01`;
  const foreign = '00-ffffffffffffffffffffffffffffffff-00000000000000bb-01';
  inScope(() => {
    continueFrom(mine);
    assert.equal(traceparent(), undefined);
    correlate(STREAM);
    continueFrom(foreign);
    assert.equal(traceparent(), `00-${ID}-8a9b0c1d2e3f4a5b-00`);
    continueFrom(mine);
    assert.equal(traceparent(), `00-${ID}-00000000000000aa-00`);
  });
  continuing(mine, () => assert.equal(traceparent(), `00-${ID}-00000000000000aa-00`));
  for (const malformed of [undefined, '', 'nonsense', `00-${ID.slice(1)}-00000000000000aa-01`])
    continuing(malformed, () => assert.equal(correlationId(), undefined));
});

test('where nothing is traced the work runs all the same, and its error is its own', async () => {
  assert.equal(await withCorrelation(STREAM, () => traced('a', {}, async () => 7)), 7);
  await assert.rejects(
    traced('a', {}, () => Promise.reject(new RangeError('mine'))),
    RangeError,
  );
});
