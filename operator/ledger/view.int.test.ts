import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { defaultLedgerPolicy } from '#domain';
import { LedgerResponse } from '#lib/conductor';
import { deed } from '../../domain/testing/ledger.ts';
import { openLedger } from './ledger.int-kit.ts';
import { ledgerView } from './view.ts';

test('the ledger is answered by namespace, Agent and class, and explains each change by a reason', async (t) => {
  const world = await openLedger(t);
  await world.tell(deed({ issue: 1, mergedAt: 0 }));
  await world.tell(deed({ issue: 2, mergedAt: 0, rework: 'push' }));
  await world.tell(deed({ issue: 3, mergedAt: 0, agent: 'agent-b', taskClass: 'bugfix', tier: 'T1' }));
  await world.tell(deed({ issue: 4, mergedAt: 0, agent: 'agent-c' }), 'tenant-b');
  await world.service.settle();
  const policy = { ...defaultLedgerPolicy, settle: 0 };
  const read = (query: Record<string, string>, namespace = 'tenant-a') =>
    ledgerView(world.pool, namespace, query, policy);
  const all = await read({});
  assert.deepEqual(
    all.lines.map(({ agent, taskClass, ceiling }) => [agent, taskClass, ceiling]),
    [
      ['agent-a', 'docs', 'T0'],
      ['agent-b', 'bugfix', 'T0'],
    ],
  );
  assert.equal((await read({}, 'tenant-b')).lines.length, 1);
  assert.deepEqual((await read({ agent: 'agent-b', class: 'docs' })).lines, []);
  const [line] = (await read({ agent: 'agent-a', explain: 'true' })).lines;
  assert.deepEqual(
    new Set(line?.changes?.map(({ issue, verdict }) => `${issue} ${verdict}`)),
    new Set(['widgets-1 TrustCounted', 'widgets-2 TrustHumanRework']),
  );
  const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(LedgerResponse);
  assert.ok(validate(await read({ explain: '' })), JSON.stringify(validate.errors));
});
