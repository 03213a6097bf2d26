/** Programs of a rig, as `rig status` names them, that are killed. */
export const KILLED = [
  'operator',
  'kubelet',
  'kube-apiserver',
  'etcd',
  'postgres',
  'forge',
  'proxy',
  'egress',
  'replay',
] as const;
/** Programs that are stopped for a while, with what they started; PostgreSQL's are its sessions. */
export const FROZEN = ['operator', 'kubelet', 'kube-apiserver', 'postgres', 'forge'] as const;

export type Killed = (typeof KILLED)[number];
export type Frozen = (typeof FROZEN)[number];

/** A fault of the forge's admin API, without what every one of them has. */
export interface ForgeFault {
  readonly kind: 'status' | 'secondary' | 'cut' | 'drop' | 'late';
  readonly operation: string;
  readonly login?: string;
  readonly skip: number;
  readonly times: number;
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  readonly delayMs?: number;
}

/** One thing that goes wrong. A closed set; `class` is what a round has one of each of. */
export type Fault =
  /** SIGKILL of a program. */
  | { readonly class: 'kill'; readonly what: Killed }
  /** SIGKILL of whichever conductor leads. */
  | { readonly class: 'kill-leader' }
  /** SIGKILL of the agent whose start is the moment. */
  | { readonly class: 'kill-agent' }
  /** SIGSTOP, and SIGCONT `ms` later. */
  | { readonly class: 'freeze'; readonly what: Frozen; readonly ms: number }
  | { readonly class: 'freeze-agent'; readonly ms: number }
  /** SIGSTOP of the conductor that leads, for longer than its lease lasts: another leads when it wakes up. */
  | { readonly class: 'freeze-leader'; readonly ms: number }
  /** For `ms`, these fractions of deliveries are lost for good, sent twice, passed by later ones, late. */
  | {
      readonly class: 'webhooks';
      readonly drop: number;
      readonly duplicate: number;
      readonly reorder: number;
      readonly delay: number;
      readonly seed: number;
      readonly ms: number;
    }
  /** The forge answers with an error and has done nothing. */
  | { readonly class: 'forge-refuses'; readonly fault: ForgeFault }
  /** The forge has done what it was asked for, and the answer never comes, or comes too late. */
  | { readonly class: 'forge-answer-lost'; readonly fault: ForgeFault }
  /** Every session of the conductor with PostgreSQL ends, whatever it is in the middle of. */
  | { readonly class: 'cut-database' };

export const FAULT_CLASSES = [
  'kill',
  'kill-leader',
  'kill-agent',
  'freeze',
  'freeze-agent',
  'freeze-leader',
  'webhooks',
  'forge-refuses',
  'forge-answer-lost',
  'cut-database',
] as const satisfies readonly Fault['class'][];
export type FaultClass = (typeof FAULT_CLASSES)[number];

/** One sentence for a person. */
export function describeFault(fault: Fault): string {
  switch (fault.class) {
    case 'kill':
      return `kill -9 of ${fault.what}`;
    case 'kill-leader':
      return 'kill -9 of the leading conductor';
    case 'kill-agent':
      return 'kill -9 of the agent';
    case 'freeze':
      return `${fault.what} is frozen for ${fault.ms} ms`;
    case 'freeze-agent':
      return `the agent is frozen for ${fault.ms} ms`;
    case 'freeze-leader':
      return `the leading conductor is frozen for ${fault.ms} ms`;
    case 'webhooks':
      return `webhooks for ${fault.ms} ms: drop ${fault.drop}, duplicate ${fault.duplicate}, reorder ${fault.reorder}, delay ${fault.delay}`;
    case 'forge-refuses':
    case 'forge-answer-lost':
      return describeForgeFault(fault.fault);
    case 'cut-database':
      return 'every session of the conductor with PostgreSQL is cut';
  }
}

function describeForgeFault({ kind, operation, login, skip, times, status, delayMs }: ForgeFault): string {
  const what = {
    status: `answers ${status}`,
    secondary: 'answers 403, slow down',
    cut: 'hangs up',
    drop: 'acts and hangs up',
    late: `acts and answers ${delayMs} ms later`,
  }[kind];
  return `the forge ${what}, ${times} times after ${skip}, at ${operation}${login === undefined ? '' : ` by ${login}`}`;
}
