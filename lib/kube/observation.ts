import type { Clock } from './clock.ts';
import type { Lease } from './lease.ts';

/** What one process has seen of a Lease, and when by its own monotonic clock: the Lease's times are never compared. */
export class LeaseObservation {
  readonly #clock: Clock;
  #seen: { lease: Lease | undefined; version: string; at: number } | undefined;
  #highestEpoch = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether anything was seen, be it that there is no Lease. */
  get known(): boolean {
    return this.#seen !== undefined;
  }

  get lease(): Lease | undefined {
    return this.#seen?.lease;
  }

  /** The highest epoch ever seen, also of a Lease that is gone. */
  get highestEpoch(): number {
    return this.#highestEpoch;
  }

  /** Takes note of the Lease, or of its absence. Returns whether it differs from what was seen before. */
  note(lease: Lease | undefined): boolean {
    const version = lease === undefined ? '' : `${lease.metadata.uid}/${lease.metadata.resourceVersion}`;
    if (this.#seen?.version === version) return false;
    this.#seen = { lease, version, at: this.#clock.now() };
    this.#highestEpoch = Math.max(this.#highestEpoch, lease?.spec?.leaseTransitions ?? 0);
    return true;
  }

  /** Ms until somebody other than its holder may take the Lease; 0 or less when it is free. */
  remaining(identity: string, durationMs: number): number {
    const spec = this.#seen?.lease?.spec;
    if (this.#seen === undefined || !spec?.holderIdentity || spec.holderIdentity === identity) return 0;
    const duration = spec.leaseDurationSeconds === undefined ? durationMs : spec.leaseDurationSeconds * 1000;
    return this.#seen.at + duration - this.#clock.now();
  }
}
