import { annotations, labels } from '#crds';
import { isKubeError, type KubeClient, type KubeObject, SECRETS, Stalled } from '#lib/kube';

/** The Secret is for another forge: whoever has it does nothing at this one. */
export class SecretElsewhere extends Stalled {}

interface Secret extends KubeObject {
  data?: Record<string, string>;
}

/**
 * The keys of a Secret that the operator may read: labelled for the forge, and annotated with the host it may be sent to. A Secret that says
 * another host is refused, so that editing a Repository's URL does not carry a credential somewhere else. Values are without the white
 * space around them. Throws Stalled (SecretMissing, SecretNotAllowed).
 */
export async function readForgeData(
  client: KubeClient,
  ref: { namespace: string; name: string },
  key: string,
  host: string,
): Promise<Record<string, string>> {
  const where = secretName(ref);
  const secret = await client.get<Secret>(SECRETS, ref).catch((error: unknown) => {
    if (isKubeError(error, 'NotFound'))
      throw new Stalled('SecretMissing', `${where} does not exist; create it with the key ${key}.`);
    throw error;
  });
  if (secret.metadata.labels?.[labels.forge] === undefined) {
    throw new Stalled(
      'SecretNotAllowed',
      `${where} does not carry the label ${labels.forge}; add it if the conductor may read this Secret.`,
    );
  }
  const allowed = secret.metadata.annotations?.[annotations.forgeHost];
  if (allowed !== host) {
    throw new (allowed === undefined ? Stalled : SecretElsewhere)(
      'SecretNotAllowed',
      `${where} may be sent to ${allowed ?? 'no host'}, not to ${host}; set its annotation ${annotations.forgeHost}.`,
    );
  }
  const entries = Object.entries(secret.data ?? {});
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8').trim()]),
  );
}

/** How sentences name a Secret. */
export function secretName({ namespace, name }: { namespace: string; name: string }): string {
  return `Secret ${namespace}/${name}`;
}

/** One key of {@link readForgeData}. Throws the same, and Stalled (SecretMissing) for a key that is not there. */
export async function readForgeSecret(
  client: KubeClient,
  ref: { namespace: string; name: string },
  key: string,
  host: string,
): Promise<string> {
  const value = (await readForgeData(client, ref, key, host))[key];
  if (value === undefined) throw new Stalled('SecretMissing', `${secretName(ref)} has no key ${key}; add it.`);
  return value;
}
