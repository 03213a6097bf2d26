import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { customResourceDefinitions } from '#crds';
import { chartFiles } from './chart/index.ts';
import { eventsDocument } from './events.ts';
import { gateDocument } from './gate.ts';
import { githubDocument } from './github.ts';
import { metricsDocument } from './metrics.ts';
import { reasonsDocument } from './reasons.ts';
import { specDocument } from './spec-docs.ts';
import { generateTypes } from './types.ts';

/** The root of the repository. */
export const root = join(import.meta.dirname, '..', '..');

/** One generated file: its path from the root, and its text, given what it is now (`''` when there is none). */
export interface Generator {
  readonly path: string;
  generate(current: string): string | Promise<string>;
}

const samples: Record<string, string> = {
  Repository: 'repository',
  Agent: 'agent-dev-e',
  Issue: 'issue',
  AgentTask: 'agenttask',
  TierPolicy: 'tierpolicy',
  Approval: 'approval',
};

/** Every generated file of the repository. Generating twice changes nothing. */
export async function generators(): Promise<Generator[]> {
  const definitions = await customResourceDefinitions();
  const specs = definitions.map((definition) => {
    const { kind } = definition.spec.names;
    const sample = join(root, 'config/samples', `${samples[kind]}.yaml`);
    return {
      path: `docs/spec/${kind.toLowerCase()}.md`,
      generate: async (current: string) => specDocument(current, definition, await readFile(sample, 'utf8')),
    };
  });
  return [
    { path: 'crds/types.gen.ts', generate: () => generateTypes(definitions) },
    { path: 'docs/events.md', generate: eventsDocument },
    { path: 'docs/merge-gate.md', generate: gateDocument },
    { path: 'docs/github.md', generate: githubDocument },
    { path: 'docs/metrics.md', generate: metricsDocument },
    { path: 'docs/reasons.md', generate: reasonsDocument },
    ...specs,
    ...chartFiles(root),
  ];
}

/** What the generator writes, formatted like the rest of the repository. */
export async function generated(generator: Generator): Promise<string> {
  const text = await generator.generate(await current(generator));
  return /\.(md|json)$/.test(generator.path) ? formatted(generator.path, text) : text;
}

async function formatted(path: string, text: string): Promise<string> {
  const biome = join(root, 'node_modules/.bin/biome');
  const run = promisify(execFile)(biome, ['format', `--stdin-file-path=${path}`], { cwd: root, maxBuffer: 2 ** 24 });
  run.child.stdin!.end(text);
  return (await run).stdout;
}

/** What a generated file is now; `''` when there is none. */
export async function current({ path }: Generator): Promise<string> {
  return readFile(join(root, path), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}
