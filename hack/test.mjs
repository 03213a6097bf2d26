// `npm test`: plain JavaScript that Node 20 runs before anything is installed; goes on with the suites under Node 24.
// Arguments: names of suites (unit, int, e2e, go; all of them by default) and parts of file names to run only those.
import { join } from 'node:path';
import { prepare } from './setup/prepare.mjs';
import { root } from './setup/root.mjs';
import { main, runNode24 } from './setup/run.mjs';

main(async () => {
  await prepare();
  return runNode24([join(root, 'hack', 'suites', 'main.ts'), ...process.argv.slice(2)]);
});
