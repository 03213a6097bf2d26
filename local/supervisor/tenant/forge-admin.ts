import { ExitCode, ExitError } from '#lib/terminal';
import type { ForgeAddress } from '../programs/forge.ts';

/** Calls of the forge: its admin API as its administrator, GitHub's REST API as one of its accounts. */
export interface ForgeCalls {
  /** `POST /_admin/users` and the like; the parsed answer. */
  admin<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** A call of the REST API under `token`. */
  rest<T>(token: string, method: string, path: string, body?: unknown): Promise<T>;
}

export function forgeCalls(forge: ForgeAddress, signal: AbortSignal): ForgeCalls {
  return {
    admin: (method, path, body) =>
      call(`${forge.url}/_admin${path}`, `Bearer ${forge.adminToken}`, method, body, signal),
    rest: (token, method, path, body) => call(`${forge.apiURL}${path}`, `Bearer ${token}`, method, body, signal),
  };
}

async function call<T>(
  url: string,
  authorization: string,
  method: string,
  body: unknown,
  signal: AbortSignal,
): Promise<T> {
  const response = await fetch(url, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
    signal,
  });
  const text = await response.text();
  if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
  throw new ExitError(
    ExitCode.Environment,
    `The local forge answered ${response.status} to ${method} ${new URL(url).pathname}: ${messageOf(text)}`,
  );
}

function messageOf(text: string): string {
  try {
    return String((JSON.parse(text) as { message?: unknown }).message ?? text);
  } catch {
    return text.slice(0, 300);
  }
}
