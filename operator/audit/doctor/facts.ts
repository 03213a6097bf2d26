import type { Position } from '../position.ts';
import type { Mark } from '../record.ts';

/** An object of the cluster as far as the doctor looks at it. */
export interface Standing {
  readonly key: string;
  readonly uid: string;
  readonly phase: string | null;
  readonly why: string | null;
  /** Reason and since when (ms) it is Stalled, or not Ready; null where it is neither. */
  readonly stalled: { readonly reason: string; readonly message: string; readonly since: number | null } | null;
  readonly suspended: boolean;
}

export interface Clustered {
  readonly issues: readonly Standing[];
  readonly repositories: readonly (Standing & { readonly forgeId: number | null })[];
  readonly agents: readonly Standing[];
  readonly lease: { readonly holder: string | null; readonly renewedAt: number } | null;
  readonly mark: Mark | null;
}

/** Times are ms since the epoch. */
export interface Stored {
  readonly position: Position;
  readonly leader: { readonly epoch: number; readonly holder: string };
  readonly tasks: readonly {
    readonly key: string;
    readonly agent: string;
    readonly started: boolean;
    readonly seenAt: number;
  }[];
  readonly effects: readonly {
    readonly key: string;
    readonly state: 'planned' | 'started';
    readonly attempt: number;
    readonly at: number;
  }[];
  readonly notices: readonly { readonly key: string; readonly attempt: number; readonly at: number }[];
  readonly deliveries: readonly {
    readonly id: string;
    readonly event: string;
    readonly receivedAt: number;
    readonly attempts: number;
    readonly outcome: string | null;
    readonly detail: string | null;
  }[];
  readonly answers: readonly {
    readonly key: string;
    /** `namespace/name` of its Repository, and where it is to be said. */
    readonly repository: string;
    readonly number: number;
    readonly attempts: number;
    /** Why it was given up; null while it is tried. */
    readonly failure: string | null;
    /** When it was given up, or was due to be sent last. */
    readonly at: number;
  }[];
  readonly stalls: readonly {
    readonly tail: string;
    readonly stream: string;
    readonly version: number;
    readonly reason: string;
    readonly since: number;
  }[];
  readonly queue: readonly { readonly key: string; readonly candidates: readonly string[]; readonly since: number }[];
  readonly tails: readonly { readonly name: string; readonly waiting: number; readonly oldest: number | null }[];
  readonly outboxes: readonly { readonly program: string; readonly rows: number; readonly oldest: number }[];
  readonly listings: readonly { readonly id: number; readonly name: string; readonly listedAt: number | null }[];
}
