import assert from 'node:assert/strict';
import { closeSync, openSync, readSync } from 'node:fs';
import { test } from 'node:test';
import { ensureBinary } from './build.mjs';

/** The first bytes of a program: what loads it, and for which processor. */
function head(file: string): Buffer {
  const bytes = Buffer.alloc(20);
  const open = openSync(file, 'r');
  readSync(open, bytes, 0, bytes.length, 0);
  closeSync(open);
  return bytes;
}

// https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html, e_machine; <mach/machine.h>, cputype.
const elf = (machine: number) => (bytes: Buffer) =>
  bytes.subarray(0, 4).toString('latin1') === '\x7fELF' && bytes.readUInt16LE(18) === machine;
const machO = (processor: number) => (bytes: Buffer) =>
  bytes.readUInt32LE(0) === 0xfeedfacf && bytes.readUInt32LE(4) === processor;

const targets = {
  'linux/amd64': elf(62),
  'linux/arm64': elf(183),
  'darwin/arm64': machO(0x0100000c),
};

for (const [target, isFor] of Object.entries(targets)) {
  test(`the kubelet, its shim and its wall are built for ${target}`, async () => {
    const [GOOS, GOARCH] = target.split('/');
    const binary = await ensureBinary('kubelet', { env: { ...process.env, GOOS, GOARCH } });
    assert.ok(isFor(head(binary)), binary);
    for (const suffix of ['-shim', '-wall']) assert.ok(isFor(head(`${binary}${suffix}`)), `${binary}${suffix}`);
  });
}
