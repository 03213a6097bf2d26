import { type KubeObject, SECRETS } from '#lib/kube';
import type { Conductor } from '../issues/context.ts';
import type { Surroundings } from './advice.ts';

/** What this conductor sees: its caches, which every replica has, and a Secret by its name where it may read it. */
export function surroundings({ client, objects }: Pick<Conductor, 'client' | 'objects'>): Surroundings {
  return {
    repositories: () => objects.repositories.list(),
    issue: (namespace, name) => objects.issues.get(namespace, name),
    secret: (namespace, name) => client.find<KubeObject>(SECRETS, { namespace, name }),
  };
}
