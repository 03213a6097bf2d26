import { join } from 'node:path';

/**
 * Where a path of the pod's specification is: on a node that runs pods as host processes and cannot mount, volumes lie below
 * CONTAINER_SANDBOX_MOUNT_POINT; where that is unset or empty, at the path itself.
 */
export function mounted(path: string, env: Readonly<Record<string, string | undefined>>): string {
  const root = env.CONTAINER_SANDBOX_MOUNT_POINT?.replace(/\/+$/, '');
  if (!root || path === '' || path.startsWith(`${root}/`)) return path;
  return join(root, path);
}
