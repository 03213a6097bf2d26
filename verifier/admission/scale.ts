import type { AskedWrite, Manifest } from '#domain';
import type { KubeClient, KubeObject, Resource } from '#lib/kube';
import type { Asked } from './review.ts';

const WITHIN_MS = 2_000;

interface Scalable extends KubeObject {
  readonly spec?: { readonly replicas?: number };
}

/**
 * The write that is asked about, as one of an object that says what it is: the write of a scale is that of what is scaled, with another number of
 * replicas. A scale has none of its labels, and nobody signs one. Throws where what is scaled cannot be read.
 */
export async function wholeOf(client: Pick<KubeClient, 'get'>, asked: Asked): Promise<AskedWrite> {
  const { scales, ...write } = asked;
  if (scales === undefined) return write;
  const parent = await read(client, write, { ...scales, kind: scales.plural, namespaced: true });
  const group = parent.apiVersion!.includes('/') ? parent.apiVersion!.split('/')[0]! : '';
  const [was, is] = [replicasOf(write.oldObject), replicasOf(write.object)];
  // A definition may keep the number elsewhere: then nobody can have signed what this writes.
  const object =
    (parent.spec?.replicas ?? 0) === was
      ? { ...parent, spec: { ...parent.spec, replicas: is } }
      : { ...parent, '/scale': { replicas: is } };
  return { ...write, group, kind: parent.kind!, object: manifest(object), oldObject: manifest(parent) };
}

async function read(
  client: Pick<KubeClient, 'get'>,
  { namespace, name }: AskedWrite,
  resource: Resource,
): Promise<Scalable> {
  try {
    return await client.get(
      resource as Resource<Scalable>,
      { ...(namespace && { namespace }), name },
      { timeoutMs: WITHIN_MS },
    );
  } catch (error) {
    const what = `${resource.plural}${resource.group && `.${resource.group}`}`;
    throw new Error(
      `what is scaled, ${what} ${namespace}/${name}, cannot be read. The ServiceAccount rig-verifier has to be allowed to get ${what}.`,
      { cause: error },
    );
  }
}

function manifest(object: object): Manifest {
  return object as Manifest;
}

/** A scale leaves a zero out. */
function replicasOf(scale: Manifest | null): number {
  return (scale as { spec?: { replicas?: number } } | null)?.spec?.replicas ?? 0;
}
