import { bundleToJSON } from '@sigstore/bundle';
import { DSSEBundleBuilder, FulcioSigner, RekorWitness, TSAWitness } from '@sigstore/sign';
import { AttestError } from './error.ts';

/** Where to sign. */
export interface SigningServices {
  /** Root of Fulcio's API. */
  readonly fulcioURL: string;
  /** Root of Rekor's API, version 1. */
  readonly rekorURL: string;
  /** Root of a timestamp authority; none is asked without it. */
  readonly timestampURL?: string;
}

const TIMEOUT_MS = 20_000;

/**
 * Signs a statement in a DSSE envelope with a key that lives for this call alone, under the name that the identity token
 * gives: the JSON of a Sigstore bundle. The token is sent to Fulcio and nowhere else. Throws {@link AttestError}
 * `SigningFailed`. Calling twice makes two signatures.
 */
export async function signStatement(
  statement: string,
  { payloadType, identityToken, services }: { payloadType: string; identityToken: string; services: SigningServices },
): Promise<string> {
  const limits = { timeout: TIMEOUT_MS, retry: 1 };
  const { fulcioURL, rekorURL, timestampURL } = services;
  const signer = new FulcioSigner({
    fulcioBaseURL: bare(fulcioURL),
    identityProvider: { getToken: async () => identityToken },
    ...limits,
  });
  const witnesses = [
    new RekorWitness({ rekorBaseURL: bare(rekorURL), entryType: 'dsse', ...limits }),
    ...(timestampURL === undefined ? [] : [new TSAWitness({ tsaBaseURL: bare(timestampURL), ...limits })]),
  ];
  try {
    const bundle = await new DSSEBundleBuilder({ signer, witnesses }).create({
      data: Buffer.from(statement, 'utf8'),
      type: payloadType,
    });
    return JSON.stringify(bundleToJSON(bundle));
  } catch (cause) {
    throw new AttestError('SigningFailed', `It could not be signed: ${causeOf(cause)}.`, { cause });
  }
}

function bare(url: string): string {
  return url.replace(/\/+$/, '');
}

/** The innermost message: the outer ones say only which service it was. */
function causeOf(error: unknown): string {
  const messages: string[] = [];
  for (let one: unknown = error; one instanceof Error; one = one.cause) messages.push(one.message);
  return [...new Set(messages)].join(': ').replace(/\.$/, '') || 'the services do not answer';
}
