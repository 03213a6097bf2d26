import './heap.ts';
import { runProgram } from '#lib/program';
import { readConfig } from './config.ts';
import { startOperator } from './operator.ts';

await runProgram({
  name: 'rig-conductor',
  settings: () => readConfig(process.env, process.argv.slice(2), process.pid),
  start: async (config, logger) => {
    const operator = await startOperator(config, logger);
    return { url: operator.listening.url, stop: () => operator.stop(), over: operator.recovered };
  },
});
