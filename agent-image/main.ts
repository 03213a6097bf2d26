import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConductorClient } from '#lib/conductor';
import { createModel } from '#lib/llm';
import { continuing, createLogger, startTracing } from '#lib/observe';
import { Stop } from './failure.ts';
import { systemClock } from './session/index.ts';
import { readSettings } from './settings/index.ts';
import { runTask, type TaskDeps } from './task/index.ts';

const logger = createLogger('rig-agent-runtime');
const stopTracing = await startTracing('rig-agent-runtime');
const terminate = new AbortController();
process.once('SIGTERM', () => terminate.abort(new Stop('Terminated', 'The pod is being stopped.')));
process.once('SIGINT', () => terminate.abort(new Stop('Terminated', 'The process was interrupted.')));

try {
  const settings = readSettings(process.env);
  mkdirSync(dirname(settings.egressSocket), { recursive: true });
  process.chdir(dirname(settings.egressSocket));
  const deps: TaskDeps = {
    settings,
    conductor: new ConductorClient({ url: settings.conductorURL }),
    createModel: (choice, apiKey) =>
      createModel({
        ...choice,
        baseURL: settings.proxyURL,
        apiKey,
        onDropped: (parameter) =>
          logger.warn({ parameter, model: choice.model }, 'the model does not take this parameter'),
      }),
    clock: systemClock,
    random: Math.random,
    logger,
    terminated: terminate.signal,
  };
  process.exitCode = await continuing(process.env.TRACEPARENT, () => runTask(deps));
} catch (error) {
  logger.fatal({ err: error }, error instanceof Error ? error.message : 'the agent failed');
  process.exitCode = 1;
}
await stopTracing();
// Keep-alive connections must not hold the pod after its task has ended.
process.exit();
