import type { Queryable } from '#lib/db';
import { Gathering } from './gathering.ts';

/** Reads some of the same kind at once. */
export interface Reading<Q, A> {
  /** Two of one name ask for the same. */
  readonly name: (asked: Q) => string;
  /** The answers in the order of what is asked. */
  readonly read: (db: Queryable, batch: readonly Q[]) => Promise<readonly A[]>;
}

/**
 * A read that is asked for one by one and done with few queries: at once while there is little to do; what is asked for meanwhile is read
 * together, each name once. An answer is always as new as the question: it was read behind it. One that fails fails for all of its batch.
 */
export function together<Q, A>({ name, read }: Reading<Q, A>): (db: Queryable, asked: Q) => Promise<A> {
  const gatherings = new WeakMap<Queryable, Gathering<Q, A>>();
  return (db, asked) => {
    let gathering = gatherings.get(db);
    if (gathering === undefined) {
      gathering = new Gathering({
        name,
        holdsFor: () => true,
        lanes: 1,
        run: (batch) => settled(batch, read(db, batch)),
      });
      gatherings.set(db, gathering);
    }
    return gathering.ask(asked);
  };
}

async function settled<A>(
  batch: readonly unknown[],
  answers: Promise<readonly A[]>,
): Promise<PromiseSettledResult<A>[]> {
  return answers.then(
    (all) => all.map((value) => ({ status: 'fulfilled', value })),
    (reason: unknown) => batch.map(() => ({ status: 'rejected', reason })),
  );
}
