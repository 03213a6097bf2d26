import { createHash, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Stalled } from '#lib/kube';

/** The verifier's own App at a forge. */
export interface ForgeApp {
  /** REST root; the App's key and tokens go to its origin alone. */
  readonly apiURL: string;
  readonly appId: string;
  readonly privateKey: string;
  /** Signs what the forge tells; null where it tells nothing. */
  readonly webhookSecret: string | null;
  /** Another one whenever anything of it has changed. */
  readonly version: string;
}

const FILES = ['apiURL', 'appId', 'privateKey'] as const;

/**
 * Reads the files of a directory, which a Secret is mounted as. Throws Stalled (SecretMissing, SecretInvalid) with one sentence that names the
 * file and says what to put there, and nothing of what is there now.
 */
export async function readForgeApp(directory: string): Promise<ForgeApp> {
  const read = async (name: string) => {
    const text = await readFile(join(directory, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '';
      throw error;
    });
    return text.trim();
  };
  const [apiURL, appId, privateKey, webhookSecret] = await Promise.all([...FILES, 'webhookSecret'].map(read));
  const given = { apiURL: apiURL!, appId: appId!, privateKey: privateKey! };
  const missing = FILES.find((name) => given[name] === '');
  if (missing !== undefined)
    throw new Stalled(
      'SecretMissing',
      `The verifier has no forge App: there is no ${missing} in the Secret of its App; docs/install.md says how to make one.`,
    );
  const app = { ...check(given), webhookSecret: webhookSecret === '' ? null : webhookSecret! };
  return { ...app, version: createHash('sha256').update(JSON.stringify(app)).digest('hex') };
}

function check({ apiURL, appId, privateKey }: Record<(typeof FILES)[number], string>) {
  const url = URL.parse(apiURL);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '')
    throw invalid('apiURL', 'no http(s) URL', 'the root of the API of your forge, as https://api.github.com');
  if (!/^(\d{1,15}|[A-Za-z0-9_.-]{4,64})$/.test(appId))
    throw invalid('appId', 'no App id', "the App's id or client id");
  // A key that went through an environment variable often has its line ends written out.
  const pem = privateKey.includes('\n') ? privateKey : privateKey.replaceAll('\\n', '\n');
  if (!isRSA(pem)) throw invalid('privateKey', 'no RSA key in PEM', 'the file that the forge made for the App');
  return { apiURL: apiURL.replace(/\/+$/, ''), appId, privateKey: pem };
}

function isRSA(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

function invalid(name: string, what: string, instead: string): Stalled {
  return new Stalled(
    'SecretInvalid',
    `The key ${name} of the Secret of the verifier's App is ${what}; put ${instead} there.`,
  );
}
