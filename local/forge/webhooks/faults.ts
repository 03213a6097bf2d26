import { chance } from '../faults/index.ts';
import type { DeliveryRow, Store } from '../store/index.ts';

/** What the admin asked to happen to one delivery. Only to its first sending: what is sent again goes through. */
export interface DeliveryFate {
  /** Never sent, and listed as failed: whoever asks can have it sent again. */
  readonly drop: boolean;
  /** Sent twice under one GUID. */
  readonly duplicate: boolean;
  /** Milliseconds that it, and all behind it, wait. */
  readonly delayMs: number;
}

const CALM: DeliveryFate = { drop: false, duplicate: false, delayMs: 0 };

/** Decided by the seed and the delivery's number alone. */
export function fateOf(store: Store, delivery: DeliveryRow): DeliveryFate {
  const faults = store.webhookFaults.first({});
  if (faults === undefined || delivery.redelivery) return CALM;
  const happens = (what: 'drop' | 'duplicate' | 'delay') => chance(faults.seed, what, delivery.id) < faults[what];
  return {
    drop: happens('drop'),
    duplicate: happens('duplicate'),
    delayMs: happens('delay') ? Math.ceil(chance(faults.seed, 'how long', delivery.id) * faults.maxDelayMs) : 0,
  };
}

/** Milliseconds that a delivery is held back while later ones pass it: deliveries out of order. */
export function heldBack(store: Store, delivery: DeliveryRow): number {
  const faults = store.webhookFaults.first({});
  if (faults === undefined || chance(faults.seed, 'reorder', delivery.id) >= faults.reorder) return 0;
  return Math.ceil(chance(faults.seed, 'how far', delivery.id) * faults.maxDelayMs);
}
