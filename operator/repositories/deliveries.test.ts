import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HookFacts } from '../intake/hooks.ts';
import { type Heard, webhookHealth } from './deliveries.ts';

const NOW = Date.parse('2026-11-21T10:00:00Z');
const MINUTE = 60_000;

function hook(deliveredAt: number | null, change: Partial<HookFacts> = {}): HookFacts {
  const at = deliveredAt === null ? null : new Date(deliveredAt);
  return { deliveredAt: at, installationId: null, access: 'granted', accessAt: null, ...change };
}

const missing = (at: number, since = at) => ({ at, since, what: 'the push of abc to main' });

for (const [title, heard, status, reason] of [
  ['no webhook secret', { hooked: false }, 'False', 'NoWebhookSecret'],
  ['a secret, and nothing heard yet', {}, 'Unknown', 'NoDeliveryYet'],
  ['a delivery was heard', { hook: hook(NOW - 60 * MINUTE) }, 'True', 'DeliveriesArrive'],
  [
    'a change of long ago that nobody told',
    { missing: missing(NOW - 9 * MINUTE, NOW - MINUTE) },
    'False',
    'DeliveriesMissing',
  ],
  [
    'a change that nobody told, though one was heard before',
    { hook: hook(NOW - 30 * MINUTE), missing: missing(NOW - 9 * MINUTE, NOW - MINUTE) },
    'False',
    'DeliveriesMissing',
  ],
  [
    'a change that nobody told, and one heard since',
    { hook: hook(NOW), missing: missing(NOW - 9 * MINUTE, NOW - MINUTE) },
    'True',
    'DeliveriesArrive',
  ],
  [
    'a change of just now, whose delivery may be under way',
    { hook: hook(NOW - 30 * MINUTE), missing: missing(NOW - MINUTE) },
    'True',
    'DeliveriesArrive',
  ],
  [
    'a webhook that was taken away',
    { hook: hook(NOW - MINUTE, { access: 'unhooked', accessAt: new Date(NOW - MINUTE) }) },
    'False',
    'DeliveriesMissing',
  ],
  [
    'a webhook that was taken away and delivers again',
    { hook: hook(NOW, { access: 'unhooked', accessAt: new Date(NOW - MINUTE) }) },
    'True',
    'DeliveriesArrive',
  ],
] as [string, Partial<Heard>, string, string][])
  test(`${title}: WebhookHealthy is ${status}, ${reason}`, () => {
    const condition = webhookHealth({ hooked: true, hook: null, missing: null, ...heard }, NOW);
    assert.deepEqual([condition.status, condition.reason], [status, reason]);
    assert.match(condition.message, /^[A-Z].*\.$/);
  });
