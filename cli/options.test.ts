import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { createProgram } from './cli.ts';
import { parsePort } from './options.ts';

test('a port is a whole number from 1 to 65535', () => {
  assert.equal(parsePort('8080'), 8080);
  for (const wrong of ['0', '65536', '80.5', 'http', '']) assert.throws(() => parsePort(wrong), /is no port/);
});

test('every command but kubectl, which is kubectl’s own, takes --json and --data-dir', () => {
  const leavesOf = (command: Command): readonly Command[] =>
    command.commands.length > 0 ? command.commands.flatMap(leavesOf) : [command];
  const leaves = leavesOf(createProgram());
  for (const command of leaves) {
    const flags = command.options.map(({ long }) => long);
    assert.ok(flags.includes('--data-dir'), command.name());
    assert.equal(flags.includes('--json'), command.name() !== 'kubectl', command.name());
  }
});
