import type { KubeObject } from '#lib/kube';

/** The older one of those that stand for one number, which alone is worked; undefined where that is the Issue itself. */
export function elderOf<T extends KubeObject>(numbered: readonly T[], issue: T): T | undefined {
  return numbered.find((other) => !leaving(other) && age(other) < age(issue));
}

/** The one that is worked of those that stand for one number: the oldest, and one that is being deleted only where there is no other. */
export function workedOf<T extends KubeObject>(numbered: readonly T[]): T | undefined {
  const staying = numbered.filter((one) => !leaving(one));
  return (staying.length > 0 ? staying : numbered).toSorted((a, b) => (age(a) < age(b) ? -1 : 1))[0];
}

function leaving({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Orders objects by age; the uid breaks the tie of one second. */
function age({ metadata }: KubeObject): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.uid}`;
}
