import { liveTasks } from '#domain';
import { agentSteps, sweep } from './agents.ts';
import { digest, exchanged, exchangedText, normal } from './canonical.ts';
import { look } from './conductor.ts';
import { flights, leftovers, operate } from './operations.ts';
import { requireClosedGate, restOf } from './rest.ts';
import type { Rules } from './rules.ts';
import { absent, type Broken, brokenBy, type Cost, newborn, type Step, type Strand } from './strand.ts';
import { baseMoved, crashed, deliveries, losses, machines, people } from './surroundings.ts';
import { AGENTS, type Busy } from './world.ts';

/** A step of a strand; where it leads is worked out when it is taken. */
export interface Move {
  readonly label: string;
  readonly cost: Cost;
  readonly merged: boolean;
  /** Number of the strand it leads to; -1 until it was taken. */
  to: number;
  broken: Broken | null;
  step: Step | null;
}

/**
 * Every strand that was met, once, and what may happen to it. The rules are pure, so what follows from a strand among so many busy Agents is
 * worked out once, however many states of two issues it is part of.
 */
export class Space {
  readonly rules: Rules;
  readonly #strands: (Strand | undefined)[] = [];
  /** Agents that work for the strand, as bits. */
  readonly busy: Busy[] = [];
  readonly #ids = new Map<string, number>();
  readonly #twins: number[] = [];
  readonly #own: Move[][] = [];
  readonly #looks: Move[][] = [];
  readonly #people: Move[][] = [];
  readonly #losses: Move[][] = [];
  readonly #tried: ReadonlySet<Cost>;
  readonly #crashed: number[] = [];
  readonly #behind: [number, number][] = [];
  readonly #stuck: boolean[] = [];
  readonly #rests: (string | null)[] = [];

  /** `tried` are the kinds of steps that are wanted at all. */
  constructor(rules: Rules, tried: readonly Cost[]) {
    this.rules = rules;
    this.#tried = new Set(tried);
  }

  /** An issue that was just applied, and none. */
  get start(): { readonly newborn: number; readonly absent: number } {
    return { newborn: this.#number(newborn), absent: this.#number(absent) };
  }

  /** What goes on by itself, or goes wrong at the forge or with an agent's work: whatever the other issue does. */
  own(id: number): readonly Move[] {
    const strand = this.strand(id);
    this.#own[id] ??= this.#moves(strand, [operate, flights, agentSteps, leftovers, deliveries, machines]);
    return this.#own[id];
  }

  /** What the conductor does about it while the other issue keeps these Agents busy. */
  looks(id: number, busy: Busy): readonly Move[] {
    const at = id * 8 + busy;
    this.#looks[at] ??= this.#moves(this.strand(id), [(rules, strand) => look(rules, strand, busy)]);
    return this.#looks[at];
  }

  /** What people do, asked for only where one may still do something. */
  people(id: number): readonly Move[] {
    this.#people[id] ??= this.#moves(this.strand(id), [people]);
    return this.#people[id];
  }

  /** What breaks, likewise. */
  losses(id: number): readonly Move[] {
    this.#losses[id] ??= this.#moves(this.strand(id), [losses]);
    return this.#losses[id];
  }

  /** Takes a move for the first time. False where it changes nothing: a delivery that came twice. */
  take(move: Move, from: number): boolean {
    if (move.step !== null) {
      try {
        move.to = move.broken === null ? this.#number(move.step.to) : from;
      } catch (error) {
        move.broken = brokenBy(error);
        move.to = from;
      }
      move.step = null;
    }
    return move.to !== from || move.broken !== null;
  }

  crashed(id: number): number {
    this.#crashed[id] ??= this.#number(crashed(this.strand(id)));
    return this.#crashed[id];
  }

  /** The strand after the base moved: merely behind it, and in conflict with it. */
  behind(id: number): readonly [number, number] {
    const strand = this.strand(id);
    this.#behind[id] ??= [this.#number(baseMoved(strand, 'behind')), this.#number(baseMoved(strand, 'conflict'))];
    return this.#behind[id];
  }

  /** The same with the developers exchanged. */
  twin(id: number): number {
    return this.#twins[id]!;
  }

  /** Most twins stand in for nobody, so they are made when they are asked for. */
  strand(id: number): Strand {
    this.#strands[id] ??= exchanged(this.#strands[this.#twins[id]!]!);
    return this.#strands[id];
  }

  get size(): number {
    return this.#strands.length;
  }

  /** Whether the strand would do nothing by itself though every Agent were free, and nobody is waited for. */
  stuck(id: number): boolean {
    this.#stuck[id] ??=
      !this.#goesOn(id, this.own(id)) && !this.#goesOn(id, this.looks(id, 0)) && this.rest(id, 0) === null;
    return this.#stuck[id];
  }

  #goesOn(id: number, moves: readonly Move[]): boolean {
    return moves.some((move) => move.cost === 'none' && this.take(move, id));
  }

  /** Why a strand that does nothing by itself may rest; null where nobody would ever wake it. */
  rest(id: number, busy: Busy): string | null {
    const at = id * 8 + busy;
    if (this.#rests[at] === undefined) this.#rests[at] = restOf(this.rules, this.strand(id), busy);
    return this.#rests[at];
  }

  #moves(strand: Strand, kinds: readonly Kind[]): Move[] {
    const steps = kinds.flatMap((kind) => guarded(strand, () => kind(this.rules, strand)));
    return steps.filter(({ cost, broken }) => broken !== undefined || this.#tried.has(cost)).map(moveOf);
  }

  #number(strand: Strand): number {
    const form = normal(sweep(this.rules, strand));
    const text = JSON.stringify(form);
    const key = digest(text);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    requireClosedGate(this.rules, form);
    const id = this.#add(key, form, busyOf(form));
    const other = exchangedText(text);
    const twin = other === text ? id : this.#add(digest(other), undefined, exchangedBits(this.busy[id]!));
    this.#twins[id] = twin;
    this.#twins[twin] = id;
    return id;
  }

  #add(key: string, strand: Strand | undefined, busy: Busy): number {
    const id = this.#strands.push(strand) - 1;
    this.#ids.set(key, id);
    this.busy[id] = busy;
    return id;
  }
}

const busyOf = ({ log }: Strand): Busy =>
  liveTasks(log).reduce((bits, { agent }) => bits | (1 << AGENTS.indexOf(agent.name as never)), 0);

/** Bits of the two developers under each other's names. */
const exchangedBits = (busy: Busy): Busy => (busy & 4) | ((busy & 1) << 1) | ((busy & 2) >> 1);

type Kind = (rules: Rules, strand: Strand) => Step[];

const moveOf = (one: Step): Move => ({
  label: one.label,
  cost: one.cost,
  merged: one.merged ?? false,
  to: -1,
  broken: one.broken ?? null,
  step: one,
});

/** An invariant that breaks while a step is worked out is a step that breaks it. */
function guarded(strand: Strand, kind: () => Step[]): Step[] {
  try {
    return kind();
  } catch (error) {
    const broken = brokenBy(error);
    return [{ label: broken.message, to: strand, cost: 'none', broken }];
  }
}
