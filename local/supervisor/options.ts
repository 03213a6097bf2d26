import { type Static, Type } from 'typebox';
import { Check, Errors } from 'typebox/value';

/** Programs whose port can be fixed with `--port-<name>`. */
export const PORT_NAMES = [
  'apiserver',
  'postgres',
  'forge',
  'replay',
  'proxy',
  'egress',
  'conductor',
  'kubelet',
] as const;
export type PortName = (typeof PORT_NAMES)[number];

const Port = Type.Integer({ minimum: 1, maximum: 65535 });

/** What `rig up` was asked for; the command line hands it over as one JSON argument. */
export const UpOptions = Type.Object(
  {
    /** Absolute path. */
    dataDir: Type.String({ minLength: 1 }),
    json: Type.Boolean(),
    /** End when the issue has an outcome, instead of staying up. */
    once: Type.Boolean(),
    /** Work the sample issue. */
    sample: Type.Boolean(),
    /** A local git repository in place of the sample. */
    repo: Type.Optional(Type.String({ minLength: 1 })),
    testCommand: Type.Optional(Type.String({ minLength: 1 })),
    /** A replay file in place of the sample's. */
    replay: Type.Optional(Type.String({ minLength: 1 })),
    /** A TierPolicy in place of the shipped one for Node. */
    tierPolicy: Type.Optional(Type.String({ minLength: 1 })),
    /** The Agents accept a node that does not isolate what they run. */
    allowUnisolated: Type.Boolean(),
    /** Whether this machine, as a node, isolates where it can. */
    isolation: Type.Enum(['auto', 'none']),
    /** The tests that the forge runs have this machine's network, instead of loopback alone. */
    ciNetwork: Type.Boolean(),
    /** A context of the user's kubeconfig in place of the embedded control plane. */
    context: Type.Optional(Type.String({ minLength: 1 })),
    /** With `context`: also join this machine as a node. */
    kubelet: Type.Boolean(),
    /** Show the programs' logs on the terminal. */
    logs: Type.Boolean(),
    ports: Type.Object(
      Object.fromEntries(PORT_NAMES.map((name) => [name, Type.Optional(Port)])) as Record<
        PortName,
        ReturnType<typeof Type.Optional<typeof Port>>
      >,
      { additionalProperties: false },
    ),
    /** How long installing and building took before, in seconds. */
    setupSeconds: Type.Number({ minimum: 0 }),
  },
  { additionalProperties: false },
);
export type UpOptions = Static<typeof UpOptions>;

/** Throws Error, naming the field, for text that no `rig up` of this version has written. */
export function parseOptions(text: string | undefined): UpOptions {
  const value: unknown = JSON.parse(text ?? 'null');
  if (Check(UpOptions, value)) return value;
  const first = Errors(UpOptions, value)[0];
  throw new Error(`supervisor options do not fit at ${first?.instancePath || '/'}: ${first?.message ?? 'invalid'}`);
}
