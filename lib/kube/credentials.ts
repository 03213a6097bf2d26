import type { RequestOptions } from 'node:https';
import type { User } from '@kubernetes/client-node/dist/config_types.js';
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import type { Clock } from './clock.ts';
import { KubeError } from './errors.ts';
import { RotatingFile } from './file.ts';

/** A kubeconfig user as read from the file: the library's fields and the standard `tokenFile`, which it does not know. */
export interface KubeUser extends User {
  readonly tokenFile?: string;
}

/** What a request carries to prove who sends it. */
export interface Credentials {
  headers: Record<string, string>;
  cert?: Buffer;
  key?: Buffer;
}

/**
 * Gives each request the credentials of a kubeconfig user as they are at that moment: files are re-read when they change,
 * exec plugins run again when their credential expires. Refuses (KubeError `Config`) kinds of login it does not know,
 * instead of calling anonymously.
 */
export class CredentialSource {
  readonly #user: KubeUser;
  readonly #tokenFile: RotatingFile | undefined;
  readonly #cert: () => Buffer | undefined;
  readonly #key: () => Buffer | undefined;
  #exec: ExecAuth | undefined;

  constructor(user: KubeUser, clock: Clock) {
    refuseUnknownLogin(user);
    this.#user = user;
    this.#tokenFile = user.tokenFile === undefined ? undefined : new RotatingFile(user.tokenFile, clock);
    this.#cert = fileOrData(user.certFile, user.certData, clock);
    this.#key = fileOrData(user.keyFile, user.keyData, clock);
    this.#exec = user.exec ? new ExecAuth() : undefined;
  }

  async read(): Promise<Credentials> {
    const headers: Record<string, string> = {};
    const user = this.#user;
    if (user.impersonateUser) headers['Impersonate-User'] = user.impersonateUser;
    if (this.#exec !== undefined) return this.#readExec(this.#exec, headers);
    const token = this.#tokenFile?.read().toString('utf8').trim() ?? user.token;
    if (token) headers.Authorization = `Bearer ${token}`;
    else if (user.username)
      headers.Authorization = `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`;
    return { headers, cert: this.#cert(), key: this.#key() };
  }

  /** The server refused the credential: the next read does not trust anything remembered. Returns whether that can help. */
  expire(): boolean {
    this.#tokenFile?.expire();
    if (this.#exec !== undefined) this.#exec = new ExecAuth();
    return this.#tokenFile !== undefined || this.#exec !== undefined;
  }

  async #readExec(exec: ExecAuth, headers: Record<string, string>): Promise<Credentials> {
    const options: RequestOptions = { headers: {} };
    try {
      await exec.applyAuthentication(this.#user, options);
    } catch (cause) {
      const command = String(this.#user.exec?.command);
      throw new KubeError('Config', `the credential plugin ${command} of user ${this.#user.name} failed`, { cause });
    }
    Object.assign(headers, options.headers);
    return { headers, cert: asBuffer(options.cert) ?? this.#cert(), key: asBuffer(options.key) ?? this.#key() };
  }
}

/** Content of `path`, followed as it rotates, else the base64 `data`, else nothing. */
export function fileOrData(path: string | undefined, data: string | undefined, clock: Clock): () => Buffer | undefined {
  if (path) {
    const file = new RotatingFile(path, clock);
    return () => file.read();
  }
  const content = data ? Buffer.from(data, 'base64') : undefined;
  return () => content;
}

function refuseUnknownLogin(user: KubeUser): void {
  if (!user.authProvider) return;
  const name = String(user.authProvider.name);
  throw new KubeError(
    'Config',
    `user ${user.name} of the kubeconfig logs in by auth-provider ${name}, which is not supported: use an exec plugin, a token, tokenFile or a client certificate`,
  );
}

function asBuffer(value: unknown): Buffer | undefined {
  return typeof value === 'string' || Buffer.isBuffer(value) ? Buffer.from(value as string) : undefined;
}
