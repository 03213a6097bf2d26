import {
  KubeClient,
  type KubeObject,
  type ListOptions,
  type ObjectList,
  type Resource,
  type WatchOptions,
} from '#lib/kube';
import { isOwnNamespace } from '../../test/kit/cluster.ts';

/**
 * A client that follows, of all namespaces, those of this test process. Test files share a control plane, and a conductor that saw the
 * objects of another file would work on them too: two conductors with a database each file one Issue twice.
 */
export class OwnClient extends KubeClient {
  override async *pages<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions = {},
  ): AsyncGenerator<ObjectList<T>> {
    for await (const page of super.pages(resource, options)) yield { ...page, items: page.items.filter(isOwn) };
  }

  override watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions<T>): Promise<void> {
    const onEvent: WatchOptions<T>['onEvent'] = (type, object) => {
      if (isOwn(object)) options.onEvent(type, object);
    };
    return super.watch(resource, { ...options, onEvent });
  }
}

/** What is in no namespace is everybody's. */
function isOwn({ metadata: { namespace } }: KubeObject): boolean {
  return namespace === undefined || isOwnNamespace(namespace);
}
