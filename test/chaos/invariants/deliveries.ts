/** One sending of a delivery as the forge lists it. */
export interface Sent {
  readonly guid: string;
  /** 0: nobody answered, or it was lost on purpose. */
  readonly status: number;
  readonly pending: boolean;
}

/** A delivery as the conductor keeps it. */
export interface Stored {
  readonly id: string;
  readonly finished: boolean;
  readonly outcome: string | null;
  readonly detail: string | null;
}

export interface DeliveryCounts {
  /** Different deliveries the forge made. */
  readonly made: number;
  readonly applied: number;
  readonly ignored: number;
  /** Deliveries that were stored, and sent more than once. */
  readonly repeated: number;
  /** Deliveries that never reached the conductor. */
  readonly lost: number;
}

/** Sentences about webhooks that are not accounted for. */
export function checkDeliveries(sent: readonly Sent[], stored: readonly Stored[]): string[] {
  const known = new Set(sent.map(({ guid }) => guid));
  const kept = new Set(stored.map(({ id }) => id));
  const answered = new Set(sent.filter(({ status }) => status >= 200 && status < 300).map(({ guid }) => guid));
  return [
    ...[...answered].filter((guid) => !kept.has(guid)).map((guid) => `delivery ${guid} was answered and is not stored`),
    ...stored.filter(({ id }) => !known.has(id)).map(({ id }) => `delivery ${id} is stored, and the forge made none`),
    ...stored.filter(({ finished }) => !finished).map(({ id, detail }) => `delivery ${id} is not settled: ${detail}`),
    ...stored
      .filter(
        ({ finished, outcome, detail }) => finished && outcome !== 'applied' && (outcome !== 'ignored' || !detail),
      )
      .map(({ id, outcome, detail }) => `delivery ${id} ended as ${outcome}: ${detail || 'it does not say why'}`),
    ...[...refused(sent)].map(([guid, status]) => `delivery ${guid} was refused with ${status}`),
  ];
}

/** A 4xx is an answer to somebody who may not, or asks for nonsense; the forge is neither. */
function refused(sent: readonly Sent[]): Map<string, number> {
  return new Map(sent.filter(({ status }) => status >= 400 && status < 500).map(({ guid, status }) => [guid, status]));
}

export function countDeliveries(sent: readonly Sent[], stored: readonly Stored[]): DeliveryCounts {
  const guids = sent.map(({ guid }) => guid);
  const kept = new Set(stored.map(({ id }) => id));
  const many = new Set(guids.filter((guid, index) => guids.indexOf(guid) !== index));
  const made = new Set(guids);
  return {
    made: made.size,
    applied: stored.filter(({ outcome }) => outcome === 'applied').length,
    ignored: stored.filter(({ outcome }) => outcome === 'ignored').length,
    repeated: [...many].filter((guid) => kept.has(guid)).length,
    lost: [...made].filter((guid) => !kept.has(guid)).length,
  };
}
