import type { TierPolicy } from '#crds';
import { policyNameOf } from '#lib/grading';
import type { Controller, Informer, KubeObject } from '#lib/kube';
import { issuesOf, type Objects } from '../objects.ts';

/** Lets a controller of Issues look at each open one again when the rules that grade it change. */
export function watchPolicies(
  controller: Controller,
  objects: Pick<Objects, 'repositories' | 'issues'>,
  policies: Informer<TierPolicy & KubeObject>,
): void {
  controller.watch(
    policies,
    ({ metadata: { name } }) =>
      objects.repositories
        .list()
        .filter((repository) => policyNameOf(repository) === name)
        .flatMap(({ metadata }) => issuesOf(objects as Objects, metadata.namespace!, metadata.name!))
        .filter(({ status }) => !['Done', 'Cancelled'].includes(status?.phase ?? ''))
        .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    ({ type, object, old }) => type !== 'update' || object.metadata.generation !== old?.metadata.generation,
  );
}
