import { readFileSync } from 'node:fs';
import { ConductorError, type ReaderOptions } from '#lib/conductor';
import { type Layout, requireUp } from '#lib/datadir';
import { ExitCode, ExitError } from '#lib/terminal';

/** The readers' side of this rig's conductor. Throws DataDirError NotUp; ExitError `Environment` where the conductor is not up yet. */
export function readerOf(layout: Layout, namespace: string | undefined): ReaderOptions {
  const { urls, tenant } = requireUp(layout);
  if (urls.conductor === undefined)
    throw new ExitError(ExitCode.Environment, 'The rig is still starting: ask again when its operator is up.');
  const token = readFileSync(`${layout.secrets}/reader-token`, 'utf8');
  return { url: urls.conductor, token, namespace: namespace ?? tenant.namespace };
}

/** A conductor that does not answer is a matter of the environment, what it refuses is not done. */
export function explainConductor(error: unknown): never {
  if (!(error instanceof ConductorError)) throw error;
  const code = error.code === 'Unavailable' ? ExitCode.Environment : ExitCode.NotDone;
  throw new ExitError(code, error.message, { cause: error });
}
