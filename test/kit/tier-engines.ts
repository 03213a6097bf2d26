import type { Engines } from '#domain';
import { compileCel } from '#lib/cel';
import { compileGlobs } from '#lib/glob';
import { sameYAML } from '#lib/yaml';

/** What the rules of tiers are asked with, as every program puts it together. */
export const engines: Engines = { compileGlobs, compileCel, sameYAML };
