import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '#lib/datadir';

/** Every secret that a rig on this machine keeps in files: tokens, passwords of URLs, tokens and keys of kubeconfigs. */
export function secretsOf({ secrets, identities }: Layout): string[] {
  const files = [secrets, identities].flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name)),
  );
  return files.flatMap((file) => secretsIn(readFileSync(file, 'utf8')));
}

/** What a file keeps secret: itself, the password of its URL, the tokens and keys of its kubeconfig. */
function secretsIn(text: string): string[] {
  const url = URL.parse(text.trim());
  if (url !== null) return url.password === '' ? [] : [decodeURIComponent(url.password)];
  if (/^\s*[{[]/.test(text)) return [];
  if (!text.includes('apiVersion:')) return [text.trim()];
  return [...text.matchAll(/(?:token|client-key-data): *"?([^\s"]{16,})/g)].map(([, secret = '']) => secret);
}
