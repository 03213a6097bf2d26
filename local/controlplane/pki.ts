import { execFile } from 'node:child_process';
import { ControlPlaneError } from './errors.ts';

/** A client certificate that was written nowhere; whoever holds the object holds the credential. */
export interface ClientCertificate {
  readonly certPEM: string;
  readonly keyPEM: string;
}

export interface CertificateSubject {
  readonly user: string;
  readonly groups?: readonly string[];
  /** Life in seconds; default one day. */
  readonly ttlSeconds?: number;
}

/** What a certificate request asks for. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** Subject alternative names of any other sort. */
  readonly others: number;
}

/** The certificate authority in `dir`, worked by the control plane's own binary. */
export class Pki {
  readonly #binary: string;
  readonly #dir: string;

  constructor(binary: string, dir: string) {
    this.#binary = binary;
    this.#dir = dir;
  }

  /** Makes what is missing and renews what ends soon; safe to call on every start. */
  init(): Promise<{ caPEM: string }> {
    return this.#run(['init', `--dir=${this.#dir}`]);
  }

  issue({ user, groups = [], ttlSeconds = 86_400 }: CertificateSubject): Promise<ClientCertificate> {
    const group = groups.length > 0 ? [`--group=${groups.join(',')}`] : [];
    return this.#run(['issue', `--dir=${this.#dir}`, `--user=${user}`, ...group, `--ttl=${ttlSeconds}s`]);
  }

  inspectRequest(pem: string): Promise<CertificateRequest> {
    return this.#run(['inspect-csr'], pem);
  }

  #run<T>(args: string[], input = ''): Promise<T> {
    return new Promise((resolve, reject) => {
      const child = execFile(this.#binary, ['pki', ...args], { timeout: 30_000 }, (error, stdout, stderr) => {
        if (!error) return resolve(JSON.parse(stdout) as T);
        const why = stderr.trim() || error.message;
        reject(
          new ControlPlaneError('Pki', `The certificate authority could not do "${args[0]}": ${why}`, { cause: error }),
        );
      });
      child.stdin?.on('error', () => {}).end(input);
    });
  }
}
