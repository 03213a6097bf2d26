import { standing } from './rest.ts';
import type { Rules } from './rules.ts';
import { type Move, Space } from './space.ts';
import { States } from './states.ts';
import { Broken, type Cost } from './strand.ts';

/** How far to look: steps from the start, states in memory, and how much of each kind is tried on one path. */
export interface Limits {
  /** One or two of them. */
  readonly issues: number;
  readonly depth: number;
  readonly states: number;
  readonly setbacks: number;
  readonly faults: number;
  readonly people: number;
}

/** One way on from a state of two issues. */
interface Way {
  readonly label: string;
  /** Whose step it is: the first or second issue's, or everybody's. */
  readonly who: 0 | 1 | null;
  readonly first: number;
  readonly second: number;
  readonly left: number;
  readonly broken: Broken | null;
}

export interface Telling {
  readonly who: 0 | 1 | null;
  readonly label: string;
  readonly first: number;
  readonly second: number;
}

export interface Counterexample {
  readonly invariant: string;
  readonly says: string;
  readonly steps: readonly Telling[];
}

export interface Finding {
  readonly states: number;
  readonly transitions: number;
  /** Strands of one issue, and positions of two of them whatever may still be tried. */
  readonly strands: number;
  readonly depth: number;
  /** States that were met and from which nothing was tried. */
  readonly frontier: number;
  readonly stopped: 'depth' | 'states' | null;
  /** Depth at which both issues were first Done; null where they never were. */
  readonly doneAt: number | null;
  /** States from which it was shown that the issues come to rest, and those whose way led out of what was explored. */
  readonly settled: number;
  readonly unsettled: number;
  readonly counterexample: Counterexample | null;
  readonly seconds: number;
}

const PRICE: Readonly<Record<Cost, number>> = { none: 0, setback: 1, fault: 8, person: 64 };
const COSTS = Object.keys(PRICE) as Cost[];
const MOST = 7;

/** Breadth first, so a counter-example is a shortest one. */
export class Search {
  readonly space: Space;
  readonly #limits: Limits;
  readonly #states = new States();
  #transitions = 0;

  constructor(rules: Rules, limits: Limits) {
    for (const tried of [limits.setbacks, limits.faults, limits.people])
      if (tried > MOST) throw new RangeError(`at most ${MOST} of a kind are tried on one path`);
    const { setbacks, faults, people } = limits;
    const tried = { none: 1, setback: setbacks, fault: faults, person: people };
    this.space = new Space(
      rules,
      COSTS.filter((cost) => tried[cost] > 0),
    );
    this.#limits = limits;
  }

  run(now: () => number, progress: (depth: number, states: number) => void = () => {}): Finding {
    const began = now();
    const { issues, setbacks, faults, people } = this.#limits;
    const { newborn, absent } = this.space.start;
    this.#insert(newborn, issues === 1 ? absent : newborn, setbacks + 8 * faults + 64 * people, -1);
    let depth = 0;
    let at = 0;
    let doneAt: number | null = null;
    let stopped: Finding['stopped'] = null;
    let found: Counterexample | null = null;
    while (at < this.#states.size && found === null && stopped === null) {
      if (depth === this.#limits.depth) {
        stopped = 'depth';
        break;
      }
      const level = this.#states.size;
      progress(depth, level);
      for (; at < level && found === null; at += 1) {
        if (this.#states.size >= this.#limits.states) {
          stopped = 'states';
          break;
        }
        found = this.#expand(at);
      }
      depth += 1;
      if (doneAt === null && this.#bothDone(level)) doneAt = depth;
    }
    const judged = found === null ? this.#settle(at) : { settled: 0, unsettled: 0, stuck: null };
    return {
      states: this.#states.size,
      transitions: this.#transitions,
      strands: this.space.size,
      depth,
      frontier: this.#states.size - at,
      stopped,
      doneAt,
      settled: judged.settled,
      unsettled: judged.unsettled,
      counterexample: found ?? judged.stuck,
      seconds: (now() - began) / 1_000,
    };
  }

  #expand(at: number): Counterexample | null {
    for (const one of [this.#states.first(at), this.#states.second(at)])
      if (this.space.stuck(one)) return this.#stuck(at, 'waits for nobody');
    let broken: Way | null = null;
    this.#ways(this.#states.first(at), this.#states.second(at), this.#states.left(at), (way) => {
      this.#transitions += 1;
      if (way.broken !== null) broken = way;
      else this.#insert(way.first, way.second, way.left, at);
      return broken === null;
    });
    const way = broken as Way | null;
    return way === null ? null : this.#tell(at, way, way.broken!);
  }

  /** Everything that may happen next; `take` says whether to go on. */
  #ways(first: number, second: number, left: number, take: (way: Way) => boolean): void {
    if (!this.#ofOne(0, first, second, left, take)) return;
    if (!this.#ofOne(1, second, first, left, take)) return;
    const [a, b] = [this.space.crashed(first), this.space.crashed(second)];
    if ((a === first && b === second) || !affords(left, 'fault')) return;
    const label = 'the conductor dies and starts again';
    take({ label, who: null, first: a, second: b, left: left - PRICE.fault, broken: null });
  }

  #ofOne(who: 0 | 1, mine: number, other: number, left: number, take: (way: Way) => boolean): boolean {
    for (const move of this.#moves(mine, other, left)) {
      if (!affords(left, move.cost) || !this.space.take(move, mine)) continue;
      const { label, to, cost, merged, broken } = move;
      const spent = left - PRICE[cost];
      const way = (changed: number, rest: number): Way => ({
        label,
        who,
        first: who === 0 ? to : changed,
        second: who === 0 ? changed : to,
        left: rest,
        broken: broken ?? this.#overtaxed(to, changed),
      });
      const [behind, conflict] = merged ? this.space.behind(other) : [other, other];
      if (!take(way(behind, spent))) return false;
      if (conflict !== behind && affords(spent, 'setback') && !take(way(conflict, spent - PRICE.setback))) return false;
    }
    return true;
  }

  /** What goes on by itself comes first. */
  #moves(mine: number, other: number, left: number): readonly Move[] {
    const { space } = this;
    const moves = [space.own(mine), space.looks(mine, space.busy[other]!)];
    if (affords(left, 'person')) moves.push(space.people(mine));
    if (affords(left, 'fault')) moves.push(space.losses(mine));
    return moves.flat();
  }

  /** Both issues at work with one Agent, whose concurrency is one. */
  #overtaxed(a: number, b: number): Broken | null {
    return (this.space.busy[a]! & this.space.busy[b]!) === 0
      ? null
      : new Broken('ConcurrencyHolds', 'an Agent has two tasks, and takes one at a time');
  }

  /** Issues are interchangeable, and so are developers: of the four the least stands for all. */
  #canonical(first: number, second: number): [number, number] {
    const [low, high] = first < second ? [first, second] : [second, first];
    const [a, b] = [this.space.twin(first), this.space.twin(second)];
    const [low2, high2] = a < b ? [a, b] : [b, a];
    return low2 < low || (low2 === low && high2 < high) ? [low2, high2] : [low, high];
  }

  #insert(first: number, second: number, left: number, from: number): void {
    const [a, b] = this.#canonical(first, second);
    this.#states.add(a, b, left, from);
  }

  #bothDone(from: number): boolean {
    for (let at = from; at < this.#states.size; at += 1)
      if (this.#isDone(this.#states.first(at)) && this.#isDone(this.#states.second(at))) return true;
    return false;
  }

  #isDone(strand: number): boolean {
    return this.space.strand(strand).log.ending?.kind === 'Done';
  }

  /**
   * From every state what goes on by itself, without setback, fault or person, has to lead to where each issue rests with a reason. One fair
   * way is followed for each; where it leads out of what was explored the state is not judged.
   */
  #settle(expanded: number): { settled: number; unsettled: number; stuck: Counterexample | null } {
    const OPEN = 1;
    const SETTLED = 2;
    const UNKNOWN = 3;
    const verdicts = new Uint8Array(this.#states.size);
    let settled = 0;
    for (let at = 0; at < expanded; at += 1) {
      const path: number[] = [];
      let here = at;
      let verdict = 0;
      while (verdict === 0) {
        if (here === -1 || here >= expanded) verdict = UNKNOWN;
        else if (verdicts[here] === OPEN)
          return { settled, unsettled: 0, stuck: this.#stuck(here, 'goes round for ever') };
        else if (verdicts[here] !== 0) verdict = verdicts[here]!;
        else {
          verdicts[here] = OPEN;
          path.push(here);
          const next = this.#onward(here);
          if (next === 'rests') verdict = SETTLED;
          else if (next === 'stuck') return { settled, unsettled: 0, stuck: this.#stuck(here, 'waits for nobody') };
          else here = next;
        }
      }
      for (const one of path) verdicts[one] = verdict;
      if (verdict === SETTLED) settled += path.length;
    }
    return { settled, unsettled: this.#states.size - settled, stuck: null };
  }

  /** The state after the first step that goes on by itself; where there is none, whether everybody may rest there. */
  #onward(at: number): number | 'rests' | 'stuck' {
    const [first, second, left] = [this.#states.first(at), this.#states.second(at), this.#states.left(at)];
    for (const [mine, other] of [
      [first, second],
      [second, first],
    ] as const)
      for (const move of this.#moves(mine, other, 0)) {
        if (move.cost !== 'none' || !this.space.take(move, mine)) continue;
        const { to, merged } = move;
        const [a, b] = this.#canonical(to, merged ? this.space.behind(other)[0] : other);
        return this.#states.find(a, b, left);
      }
    const reasons = [
      this.space.rest(first, this.space.busy[second]!),
      this.space.rest(second, this.space.busy[first]!),
    ];
    return reasons.includes(null) || reasons.every((one) => one === 'contended') ? 'stuck' : 'rests';
  }

  #stuck(at: number, how: string): Counterexample {
    const [first, second] = [this.#states.first(at), this.#states.second(at)];
    const says = [[first, second] as const, [second, first] as const].map(([one, other]) =>
      standing(this.space.rules, this.space.strand(one), this.space.busy[other]!),
    );
    return this.#tell(at, null, new Broken('Progress', `the state ${how}: ${says.join(' / ')}`));
  }

  /** The way to a state, told of the same two issues throughout. */
  #tell(at: number, last: Way | null, broken: Broken): Counterexample {
    const path: number[] = [];
    for (let one = at; one !== -1; one = this.#states.from(one)) path.unshift(one);
    let [first, second] = [this.#states.first(path[0]!), this.#states.second(path[0]!)];
    const steps: Telling[] = [];
    for (const [index, from] of path.entries()) {
      const target = path[index + 1];
      const way =
        target === undefined ? this.#same(first, second, from, last) : this.#wayTo(first, second, from, target);
      if (way === null) continue;
      ({ first, second } = way);
      steps.push({ who: way.who, label: way.label, first, second });
    }
    return { invariant: broken.invariant, says: broken.message, steps };
  }

  #wayTo(first: number, second: number, from: number, target: number): Way {
    let found: Way | null = null;
    this.#ways(first, second, this.#states.left(from), (way) => {
      if (way.broken !== null) return true;
      const [a, b] = this.#canonical(way.first, way.second);
      if (this.#states.find(a, b, way.left) === target) found = way;
      return found === null;
    });
    if (found === null) throw new Error('a path cannot be told again');
    return found;
  }

  /** The last step, as these two issues take it. */
  #same(first: number, second: number, from: number, last: Way | null): Way | null {
    if (last === null) return null;
    let found: Way | null = null;
    this.#ways(first, second, this.#states.left(from), (way) => {
      if (way.broken?.invariant === last.broken!.invariant) found = way;
      return found === null;
    });
    return found;
  }
}

function affords(left: number, cost: Cost): boolean {
  return cost === 'none' || Math.floor(left / PRICE[cost]) % 8 > 0;
}
