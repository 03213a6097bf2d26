/** A claim's place in time: the leader's epoch, then a sequence that every dispatch of a lane raises. Only grows. */
export interface Fence {
  readonly epoch: number;
  readonly sequence: number;
}

export function formatFence({ epoch, sequence }: Fence): string {
  return `${epoch}.${sequence}`;
}

/** Parses `epoch.sequence`; null for anything else. */
export function parseFence(text: string): Fence | null {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(text);
  return match === null ? null : { epoch: Number(match[1]), sequence: Number(match[2]) };
}

/** Negative when `a` is older than `b`. */
export function compareFences(a: Fence, b: Fence): number {
  return a.epoch - b.epoch || a.sequence - b.sequence;
}
