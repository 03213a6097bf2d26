// The images of Rig: what is in each. Plain JavaScript, so that a build needs nothing installed but Node.

/** An image of programs in TypeScript: where they begin, what they read beside code, and what else it needs. */
export const images = {
  conductor: {
    entry: 'operator/main.ts',
    also: ['operator/certificates/main.ts', 'operator/audit/main.ts'],
    data: ['operator/store/migrations', 'lib/events/migrations'],
  },
  proxy: { entry: 'proxy/main.ts', also: [], data: ['proxy/migrations'] },
  egress: { entry: 'egress/main.ts', also: [], data: ['egress/migrations'] },
  verifier: { entry: 'verifier/main.ts', also: [], data: [] },
  'agent-runtime': { entry: 'agent-image/main.ts', also: ['agent-image/sandbox/main.ts'], data: [] },
};
