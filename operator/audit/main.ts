// What a person asks of a rig's history, with the conductor up or down: rig recover, rig replay, rig doctor, rig events export.
import { createTerminal, ExitError } from '#lib/terminal';
import { commands } from './commands.ts';
import { openTools } from './tool.ts';

const [name = '', ...args] = process.argv.slice(2);
const { warn } = createTerminal();

try {
  const command = commands[name];
  if (command === undefined)
    throw new ExitError(2, `There is no "${name}"; there is ${Object.keys(commands).join(', ')}.`);
  const tools = await openTools(process.env);
  try {
    process.exitCode = await command(tools, args);
  } finally {
    await tools.close();
  }
} catch (error) {
  warn(`rig: ${(error as Error).message}`);
  process.exitCode = error instanceof ExitError ? error.code : 2;
}
