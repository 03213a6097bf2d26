import { runProgram } from '#lib/program';
import { readConfig } from './config.ts';
import { startVerifier } from './verifier.ts';

await runProgram({
  name: 'rig-verifier',
  settings: () => readConfig(process.env, process.pid),
  start: async (config, logger) => {
    const verifier = await startVerifier(config, logger);
    return { url: verifier.listening.url, stop: () => verifier.stop() };
  },
});
