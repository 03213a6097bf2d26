// `npm start`: plain JavaScript that Node 20 runs before anything is installed; goes on as `rig up --sample` under Node 24.

import { join } from 'node:path';
import { prepare } from './setup/prepare.mjs';
import { root } from './setup/root.mjs';
import { main, runNode24 } from './setup/run.mjs';

main(async () => {
  const started = Date.now();
  await prepare();
  const seconds = (Date.now() - started) / 1000;
  return runNode24([join(root, 'cli', 'main.ts'), 'up', '--sample', ...process.argv.slice(2)], {
    RIG_SETUP_SECONDS: seconds.toFixed(3),
  });
});
