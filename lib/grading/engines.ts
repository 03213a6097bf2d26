import type { Engines } from '#domain';
import { compileCel } from '#lib/cel';
import { compileGlobs, indexGlobs } from '#lib/glob';
import { readManifests, sameYAML } from '#lib/yaml';

/** What the rules of tiers are asked with, the same in every program. */
export const engines: Engines = { compileGlobs, indexGlobs, compileCel, sameYAML, readManifests };
