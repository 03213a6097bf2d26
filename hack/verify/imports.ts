import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cruise, type ICruiseResult, type IModule } from 'dependency-cruiser';
import { layerRules } from './layers.ts';

/** Why an import is refused, one sentence each. */
export interface ImportFault {
  readonly from: string;
  readonly to: string;
  readonly rule: string;
}

/**
 * Follows every import of the repository's own TypeScript, type imports included, and returns those that break a layer. Subpath
 * imports (`#lib/kube`) are read from package.json, which the resolver does not do for `.ts` targets.
 */
export async function checkImports(root: string): Promise<ImportFault[]> {
  const modules = await cruiseModules(root);
  const own = modules.filter(({ source }) => !source.startsWith('node_modules'));
  return own.flatMap((module) =>
    module.dependencies.flatMap(({ module: specifier, resolved }) => {
      const to = resolveSubpath(root, specifier) ?? resolved;
      const rule = layerRules(module.source, to, specifier);
      return rule === undefined ? [] : [{ from: module.source, to: specifier.startsWith('#') ? specifier : to, rule }];
    }),
  );
}

async function cruiseModules(root: string): Promise<IModule[]> {
  const { output } = await cruise(
    ['crds', 'domain', 'lib', 'operator', 'agent-image', 'proxy', 'egress', 'verifier', 'cli', 'local'],
    {
      baseDir: root,
      parser: 'swc',
      doNotFollow: { path: 'node_modules' },
      // Tests may import anything, and use syntax (`using`) that the parser's visitor does not know.
      exclude: { path: '(^|/)(node_modules|testdata|double)/|\\.(test|bench|[a-z]+-kit)\\.ts$' },
      moduleSystems: ['es6'],
      tsPreCompilationDeps: true,
    },
    { extensions: ['.ts', '.mjs', '.js'] },
  );
  return (output as ICruiseResult).modules;
}

function resolveSubpath(root: string, specifier: string): string | undefined {
  if (!specifier.startsWith('#')) return undefined;
  const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    imports: Record<string, string>;
  };
  for (const [pattern, target] of Object.entries(imports)) {
    const [before = '', after = ''] = pattern.split('*');
    if (pattern === specifier) return target.replace(/^\.\//, '');
    if (!pattern.includes('*') || !specifier.startsWith(before)) continue;
    return target.replace('*', specifier.slice(before.length, specifier.length - after.length)).replace(/^\.\//, '');
  }
  return undefined;
}
