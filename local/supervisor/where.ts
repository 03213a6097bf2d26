import { dataDirPath, type Layout } from '#lib/datadir';
import { shellWord } from '#lib/terminal';
import { OWNER } from './tenant/repository.ts';
import type { Rig } from './up.ts';

/** How to look at a rig that is up, as lines to copy. */
export function whereThingsAre(
  layout: Layout,
  context: string | undefined,
  { forge, source, metricsURLs }: Rig,
): string {
  const flag = layout.root === dataDirPath(undefined) ? '' : ` --data-dir ${shellWord(layout.root)}`;
  return [
    '',
    context === undefined
      ? `  export KUBECONFIG=${shellWord(layout.kubeconfig)}`
      : `  kubectl --context ${context} get issues -A`,
    `  npx rig kubectl${flag} get issues -A`,
    `  npx rig events${flag} --follow`,
    `  npx rig status${flag}`,
    `  forge  ${forge.url}/${OWNER}/${source.name}`,
    ...(source.isSample ? [] : [`  git    npx rig repo remote${flag} ${shellWord(source.path)}`]),
    `  logs   ${layout.logs}`,
    `  metrics  ${metricsURLs.join('  ')}`,
    '',
  ].join('\n');
}
