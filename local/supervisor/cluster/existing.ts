import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fieldManagers } from '#crds';
import { KubeClient, loadKubeConfig } from '#lib/kube';
import { ExitCode, ExitError } from '#lib/terminal';
import { ensureBinary } from '../binaries.ts';
import type { Context } from '../context.ts';
import type { Cluster } from './cluster.ts';

interface Minified {
  readonly clusters: readonly { readonly cluster: { server: string; 'certificate-authority-data'?: string } }[];
}

/**
 * A cluster of the person's own kubeconfig, used with their rights. Nothing of that file is changed. Throws ExitError `Environment`
 * for a context that does not exist or a cluster that does not answer.
 */
export async function openExisting(context: Context, name: string, progress: (line: string) => void): Promise<Cluster> {
  const binary = await ensureBinary('controlplane', { onProgress: progress, signal: context.signal });
  const personKubeconfig = await minify(binary, name);
  const { server, 'certificate-authority-data': ca } = (JSON.parse(personKubeconfig) as Minified).clusters[0]
    ?.cluster ?? {
    server: '',
  };
  const client = new KubeClient(loadKubeConfig({ context: name }), { fieldManager: fieldManagers.local });
  await client.raw('/version', { signal: context.signal }).catch((cause: Error) => {
    throw new ExitError(ExitCode.Environment, `The cluster of context ${name} cannot be used: ${cause.message}`, {
      cause,
    });
  });
  const caPEM = ca === undefined ? undefined : Buffer.from(ca, 'base64').toString('utf8');
  return {
    serverURL: server,
    caPEM,
    client,
    binary,
    // The node asks with the person's own rights, and it is for the person to approve it.
    admitNode: async (node) => {
      context.terminal.say(`  … node ${node} asks to join: kubectl --context ${name} get csr, then approve it`);
      return { bootstrapKubeconfig: personKubeconfig, done: async () => {} };
    },
  };
}

async function minify(binary: string, name: string): Promise<string> {
  const args = ['kubectl', 'config', 'view', `--context=${name}`, '--minify', '--flatten', '--raw', '--output=json'];
  const { stdout } = await promisify(execFile)(binary, args).catch((cause: { stderr?: string }) => {
    const why = cause.stderr?.trim().replace(/^error: /, '');
    throw new ExitError(ExitCode.Environment, `Your kubeconfig has no context ${name} to use: ${why}.`, { cause });
  });
  return stdout;
}
