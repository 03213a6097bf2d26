import type { Engines } from '#domain';
import { compileCel } from '#lib/cel';
import { compileGlobs } from '#lib/glob';
import { sameYAML } from '#lib/yaml';

/** What the conductor's tier rules are asked with. */
export const engines: Engines = { compileGlobs, compileCel, sameYAML };
