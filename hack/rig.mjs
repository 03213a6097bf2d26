#!/usr/bin/env node
// `rig` as npm links it: whatever Node runs this, Rig itself runs on the Node 24 that package.json pins.
import { join } from 'node:path';
import { ensurePackages } from './setup/packages.mjs';
import { root } from './setup/root.mjs';
import { main, runNode24 } from './setup/run.mjs';

main(async () => {
  await ensurePackages({ onProgress: (line) => console.error(line) });
  return runNode24([join(root, 'cli', 'main.ts'), ...process.argv.slice(2)]);
});
