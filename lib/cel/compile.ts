import { type CelInput, celEnv, isCelError, plan } from '@bufbuild/cel';
import { check, patternOf } from './check.ts';
import { costOf, looksOf, stepsOf } from './cost.ts';
import { CelError } from './error.ts';
import { plainOf } from './plain.ts';
import { type Node, syntaxOf } from './syntax.ts';
import type { Data, Vocabulary } from './vocabulary.ts';

/** A checked expression. */
export interface Program {
  /** Names of the fields that it reads and that are `text`. */
  readonly texts: readonly string[];
  /** Steps that an evaluation takes at most, where no list is longer than `longest`. */
  steps(longest: number): number;
  /** How often it looks through a text at most, where no list is longer than `longest`. */
  looks(longest: number): number;
  /** Its truth. Throws {@link CelError} where it fails, as with values of other types, or is no truth value. */
  test(values: Readonly<Record<string, Data>>): boolean;
}

/** Loops within loops. */
const MAX_DEGREE = 2;

const environment = celEnv({ re2: { compile: patternOf } });

/**
 * Compiles an expression of CEL over a vocabulary. There is no way to make it run long: names and functions are listed, loops run over lists that are
 * given and at most two deep, patterns are RE2 and written out, and {@link Program.steps} bounds an evaluation before it starts. Throws {@link CelError}.
 */
export function compileCel(source: string, vocabulary: Vocabulary): Program {
  const { expression, root } = syntaxOf(source);
  const { texts } = check(root, vocabulary);
  const cost = costOf(root, vocabulary);
  if (cost.length > MAX_DEGREE + 1)
    throw new CelError('TooDeep', 'it loops within loops within loops; two deep are taken.');
  const looks = looksOf(root, vocabulary);
  const evaluate = plan(environment, expression);
  const plain = plainOf(root, loopOf);
  return {
    texts,
    steps: once((longest) => stepsOf(cost, longest)),
    looks: once((longest) => stepsOf(looks, longest)),
    test: (values) => {
      const told = plain?.(values);
      if (told !== undefined) return told;
      const result = evaluate(inputs(values));
      if (isCelError(result)) throw new CelError('Failed', `${result.message}.`, { cause: result });
      if (typeof result !== 'boolean') throw new CelError('Failed', `it is ${typeof result}, neither true nor false.`);
      return result;
    },
  };
}

/** A loop of an expression, asked of the whole evaluator by itself. */
function loopOf(node: Node): (values: Readonly<Record<string, Data>>) => boolean | undefined {
  const evaluate = plan(environment, node);
  return (values) => {
    const result = evaluate(inputs(values));
    return typeof result === 'boolean' ? result : undefined;
  };
}

/** Remembers its last answer: one grading asks of one length. */
function once(tell: (longest: number) => number): (longest: number) => number {
  let known = { longest: Number.NaN, told: 0 };
  return (longest) => {
    if (known.longest !== longest) known = { longest, told: tell(longest) };
    return known.told;
  };
}

/** What was converted once: the same change is asked of by every rule. */
const converted = new WeakMap<object, CelInput>();

function inputs(values: Readonly<Record<string, Data>>): Record<string, CelInput> {
  const given: Record<string, CelInput> = {};
  for (const name in values) given[name] = input(values[name]!);
  return given;
}

function input(value: Data): CelInput {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  const known = converted.get(value);
  if (known !== undefined) return known;
  const made = Array.isArray(value) ? value.map(input) : mapOf(value as Readonly<Record<string, Data>>);
  converted.set(value, made);
  return made;
}

function mapOf(value: Readonly<Record<string, Data>>): CelInput {
  const map = new Map<string, CelInput>();
  for (const key in value) map.set(key, input(value[key]!));
  return map;
}
