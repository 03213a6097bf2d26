import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { createProgram, runCLI } from './cli.ts';
import { parseForgeNumber, parsePort } from './options.ts';

test('a port is a whole number from 1 to 65535', () => {
  assert.equal(parsePort('8080'), 8080);
  for (const wrong of ['0', '65536', '80.5', 'http', '', '0x50', '8e1', ' 80', '+80', '080'])
    assert.throws(() => parsePort(wrong), /is no port/);
});

test('a number at a forge is a whole number, and nothing with a number in it', () => {
  assert.equal(parseForgeNumber('12'), 12);
  for (const wrong of ['abc', '12abc', '#12', '0', '-1', '1.5', '1e3', ' 12', '', '9007199254740993'])
    assert.throws(() => parseForgeNumber(wrong), /is no number of an issue or a pull request/, wrong);
});

test('rig classify with what is no number at the forge is a wrong command line', async () => {
  const told: string[] = [];
  const write = process.stderr.write;
  process.stderr.write = ((text: string) => told.push(text) > 0) as typeof write;
  try {
    assert.equal(await runCLI(['classify', '--pr', 'abc']), 2);
    assert.equal(await runCLI(['classify', '--issue', '12abc']), 2);
  } finally {
    process.stderr.write = write;
  }
  assert.deepEqual(told, [
    'rig: "abc" is no number of an issue or a pull request: name a whole number such as 12.\n',
    'rig: "12abc" is no number of an issue or a pull request: name a whole number such as 12.\n',
  ]);
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
