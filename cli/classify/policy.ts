import { parseAllDocuments, YAMLParseError } from 'yaml';
import { apiVersion, type TierPolicy } from '#crds';
import { type CompiledPolicy, compilePolicy } from '#domain';
import { engines } from '#lib/grading';
import { ExitCode, ExitError } from '#lib/terminal';
import { readDocuments } from '#lib/yaml';
import { readNamed } from '../named-file.ts';
import { admit } from './schema.ts';

/** A name of an object, RFC 1123. */
const NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Reads and compiles a TierPolicy of a file, which a cluster would take as well. Throws ExitError `Usage` with everything that is wrong with it. */
export async function policyFrom(file: string): Promise<CompiledPolicy> {
  const document = documentOf(file, readNamed('--policy', file));
  if (document.kind !== 'TierPolicy' || document.apiVersion !== apiVersion)
    throw wrong(file, [`it is no TierPolicy of ${apiVersion}.`]);
  const { name } = (document.metadata ?? {}) as { name?: unknown };
  if (typeof name !== 'string' || !NAME.test(name))
    throw wrong(file, ['metadata.name is no name of an object: lower-case letters, digits, dashes and dots.']);
  const admitted = await admit('TierPolicy', document);
  if (!admitted.ok) throw wrong(file, admitted.problems);
  const compiled = compilePolicy(name, (admitted.object as TierPolicy).spec.rules, engines);
  if (!compiled.ok) throw wrong(file, compiled.problems);
  return compiled.value;
}

/** The one object of a file, as Kubernetes reads YAML. */
function documentOf(file: string, text: string): Readonly<Record<string, unknown>> {
  const [document, ...more] = readDocuments(text);
  if (document === undefined) throw new ExitError(ExitCode.Usage, `${file} ${slip(text)}`);
  if (more.length > 0)
    throw new ExitError(ExitCode.Usage, `${file} holds ${more.length + 1} objects: give one policy.`);
  return typeof document === 'object' && document !== null && !Array.isArray(document)
    ? (document as Record<string, unknown>)
    : {};
}

/** Why nothing could be read out of a text. */
function slip(text: string): string {
  try {
    const documents = parseAllDocuments(text, { stringKeys: true, logLevel: 'silent' });
    const [error] = Array.isArray(documents) ? documents.flatMap(({ errors }) => errors) : [];
    if (error instanceof YAMLParseError) return `is no YAML: ${error.message.split(/:?\n/)[0]!.replace(/\.$/, '')}.`;
  } catch {
    // Then the text is what no parser goes through.
    return 'cannot be read: it is nested too deep.';
  }
  return /\S/.test(text) ? 'holds no object that can be read.' : 'holds no object: it is empty.';
}

function wrong(file: string, problems: readonly string[]): ExitError {
  return new ExitError(ExitCode.Usage, problems.map((problem) => `${file}: ${problem}`).join('\n'));
}
