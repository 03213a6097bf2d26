import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TakenDelivery } from '#lib/events';
import { parseDelivery } from '#lib/forge';
import { laneOf } from './follow.ts';
import { issueEvent, labelled, REPOSITORY } from './payloads.int-kit.ts';

const lane = (host: string, event: string, payload: object) =>
  laneOf({ headers: { 'rig-forge-host': host } } as unknown as TakenDelivery, parseDelivery(event, payload));

test('deliveries of one repository share a lane, of another repository or forge they do not, whatever it is called', () => {
  const here = lane('api.github.com', 'issues', labelled(7));
  assert.equal(lane('api.github.com', 'issues', issueEvent('closed', 8)), here);
  assert.equal(
    lane('api.github.com', 'issues', { ...labelled(7), repository: { ...REPOSITORY, full_name: 'else/where' } }),
    here,
  );
  assert.notEqual(lane('api.github.com', 'issues', { ...labelled(7), repository: { ...REPOSITORY, id: 6 } }), here);
  assert.notEqual(lane('ghe.example.com', 'issues', labelled(7)), here);
});

test('what follows for no repository has lanes of its own', () => {
  const lanes = [
    lane('api.github.com', 'issues', labelled(7)),
    lane('api.github.com', 'star', { action: 'created', repository: REPOSITORY }),
    lane('api.github.com', 'installation', {
      action: 'suspend',
      installation: { id: 1, account: { login: 'acme' }, updated_at: '2026-01-01T00:00:00Z' },
      sender: {},
    }),
  ];
  assert.equal(new Set(lanes).size, lanes.length, lanes.join());
});
