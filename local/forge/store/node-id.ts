const PREFIX = {
  user: 'U',
  bot: 'BOT',
  organization: 'O',
  app: 'A',
  repository: 'R',
  ref: 'REF',
  label: 'LA',
  issue: 'I',
  pull: 'PR',
  comment: 'IC',
  review: 'PRR',
  thread: 'PRRT',
  reviewComment: 'PRRC',
  checkSuite: 'CS',
  checkRun: 'CR',
  status: 'SC',
  commit: 'C',
  blob: 'B',
  deployment: 'DE',
  deploymentStatus: 'DES',
  ruleset: 'RRS',
  activity: 'PSH',
  issueEvent: 'IE',
  installation: 'IN',
  reaction: 'REA',
} as const;

export type NodeKind = keyof typeof PREFIX;

/** GitHub's opaque global id: the kind as a prefix, the rest only means something to {@link decodeNodeId}. */
export function nodeId(kind: NodeKind, id: number | string): string {
  return `${PREFIX[kind]}_kw${Buffer.from(String(id)).toString('base64url')}`;
}

/** The numeric id inside a global id of exactly that kind, else undefined. */
export function decodeNodeId(kind: NodeKind, value: string): number | undefined {
  const prefix = `${PREFIX[kind]}_kw`;
  if (!value.startsWith(prefix)) return undefined;
  const id = Number(Buffer.from(value.slice(prefix.length), 'base64url').toString());
  return Number.isSafeInteger(id) && nodeId(kind, id) === value ? id : undefined;
}
