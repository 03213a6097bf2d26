import { dataDirPath, type Layout } from '#lib/datadir';
import { OWNER } from './tenant/repository.ts';
import type { Rig } from './up.ts';

/** How to look at a rig that is up, as lines to copy. */
export function whereThingsAre(
  layout: Layout,
  context: string | undefined,
  { forge, source, metricsURLs }: Rig,
): string {
  const flag = layout.root === dataDirPath(undefined) ? '' : ` --data-dir ${layout.root}`;
  return [
    '',
    context === undefined ? `  export KUBECONFIG=${layout.kubeconfig}` : `  kubectl --context ${context} get issues -A`,
    `  npx rig kubectl${flag} get issues -A`,
    `  npx rig events${flag} --follow`,
    `  npx rig status${flag}`,
    `  forge  ${forge.url}/${OWNER}/${source.name}`,
    ...(source.isSample ? [] : [`  git    npx rig repo remote${flag} ${source.path}`]),
    `  logs   ${layout.logs}`,
    `  metrics  ${metricsURLs.join('  ')}`,
    '',
  ].join('\n');
}
