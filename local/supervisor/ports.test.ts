import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExitCode, ExitError } from '#lib/terminal';
import { choosePorts } from './ports.ts';

const free = (...taken: number[]) => ({ isFree: async (port: number) => !taken.includes(port), random: () => 0.5 });
const refused = (words: RegExp) => (error: unknown) =>
  error instanceof ExitError && error.code === ExitCode.Environment && words.test(error.message);

test('a fixed port is taken; one that is in use ends the start with a sentence that names the flag', async () => {
  assert.deepEqual(await choosePorts([{ name: 'forge', fixed: 3000 }], free()), { forge: 3000 });
  await assert.rejects(
    choosePorts([{ name: 'forge', fixed: 3000 }], free(3000)),
    refused(/3000.*--port-forge.*in use/),
  );
});

test('the port of an earlier start is kept; where it is in use, another stands in for it', async () => {
  assert.deepEqual(await choosePorts([{ name: 'proxy', remembered: 20_001 }], free()), { proxy: 20_001 });
  const { proxy } = await choosePorts([{ name: 'proxy', remembered: 20_001 }], free(20_001));
  assert.notEqual(proxy, 20_001);
});

test('no other port stands in for one that objects know a program by', async () => {
  const request = { name: 'forge', remembered: 20_001, sticky: true };
  await assert.rejects(choosePorts([request], free(20_001)), refused(/20001.*known by.*rig reset/));
});

test('two programs are never given the same port', async () => {
  const random = [0.5, 0.5, 0.25];
  const ports = await choosePorts([{ name: 'a' }, { name: 'b' }], { ...free(), random: () => random.shift() ?? 0 });
  assert.notEqual(ports.a, ports.b);
});

test('a chosen port lies below the range the system takes for outgoing connections', async () => {
  for (const random of [0, 0.999_999]) {
    const { forge = 0 } = await choosePorts([{ name: 'forge' }], { ...free(), random: () => random });
    assert.ok(forge >= 17_000 && forge < 32_768, String(forge));
  }
});

test('a machine without a free port gives up with a sentence', async () => {
  await assert.rejects(choosePorts([{ name: 'forge' }], { isFree: async () => false }), refused(/No free port/));
});
