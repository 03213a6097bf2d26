import { dataDirPath, type Layout } from '#lib/datadir';
import { OWNER } from './tenant/repository.ts';
import type { Rig } from './up.ts';

/** How to look at a rig that is up, as lines to copy. */
export function whereThingsAre(layout: Layout, { forge, source }: Rig): string {
  const flag = layout.root === dataDirPath(undefined) ? '' : ` --data-dir ${layout.root}`;
  return [
    '',
    `  export KUBECONFIG=${layout.kubeconfig}`,
    `  npx rig status${flag}   npx rig events --follow${flag}   npx rig kubectl${flag} get issues -A`,
    `  forge  ${forge.url}/${OWNER}/${source.name}`,
    `  logs   ${layout.logs}`,
    '',
  ].join('\n');
}
