import type { MiddlewareHandler } from 'hono';
import { HttpError } from '#lib/http';

/** Names of Kubernetes objects (RFC 1123 subdomains). */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Whether an object could be called so; what could not is asked of nobody, the database least of all. */
export function isName(text: string): boolean {
  return NAME.test(text);
}

/** Answers 404 to a path whose namespace or task is no name. */
export const requireNames: MiddlewareHandler = async (context, next) => {
  const [, , , namespace = '', kind, task] = context.req.path.split('/').map(decoded);
  if (!isName(namespace) || (kind === 'tasks' && task !== undefined && !isName(task)))
    throw new HttpError('NotFound', 'NoSuchName', 'The path holds a name that no object can have.');
  await next();
};

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '%';
  }
}
