import { Agent, request } from 'node:https';
import { ControlPlaneError } from './errors.ts';
import type { ClientCertificate } from './pki.ts';

/** The few calls the control plane makes to itself; programs use lib/kube. */
export interface Api {
  /** The decoded JSON answer. Throws a ControlPlaneError (Api) on any status but 2xx. */
  call<T = unknown>(method: string, path: string, body?: unknown, contentType?: string): Promise<T>;
  /** True once the API server and everything it waits for says it is ready. */
  isReady(): Promise<boolean>;
  close(): void;
}

export const APPLY = 'application/apply-patch+yaml';

export function connect(server: { url: string; caPEM: string }, admin: ClientCertificate): Api {
  const agent = new Agent({ keepAlive: true, ca: server.caPEM, cert: admin.certPEM, key: admin.keyPEM });
  const send = (method: string, path: string, body?: string, contentType = 'application/json') =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': contentType };
      const outgoing = request(new URL(path, server.url), { agent, method, headers, timeout: 10_000 }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
        answer.on('error', reject);
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 10 s')));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  return {
    async call<T>(method: string, path: string, body?: unknown, contentType?: string) {
      const { status, text } = await send(
        method,
        path,
        body === undefined ? undefined : JSON.stringify(body),
        contentType,
      );
      if (status >= 200 && status < 300) return JSON.parse(text) as T;
      throw new ControlPlaneError(
        'Api',
        `The API server answered ${status} to ${method} ${path}: ${text.slice(0, 300)}`,
      );
    },
    isReady: () =>
      send('GET', '/readyz').then(
        ({ status }) => status === 200,
        () => false,
      ),
    close: () => agent.destroy(),
  };
}
