import { type CelInput, celEnv, isCelError, plan } from '@bufbuild/cel';
import { check, patternOf } from './check.ts';
import { costOf, stepsOf } from './cost.ts';
import { CelError } from './error.ts';
import { syntaxOf } from './syntax.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Values that a program is given: whole numbers are CEL's int, others its double. */
export type Data = string | number | boolean | null | readonly Data[] | { readonly [key: string]: Data };

/** A checked expression. */
export interface Program {
  /** Whether it reads a field that is `text`. */
  readonly readsText: boolean;
  /** Steps that an evaluation takes at most, where no list is longer than `longest`. */
  steps(longest: number): number;
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
  const { readsText } = check(root, vocabulary);
  const cost = costOf(root, vocabulary);
  if (cost.length > MAX_DEGREE + 1)
    throw new CelError('TooDeep', 'it loops within loops within loops; two deep are taken.');
  const evaluate = plan(environment, expression);
  return {
    readsText,
    steps: (longest) => stepsOf(cost, longest),
    test: (values) => {
      const result = evaluate(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, input(value)])));
      if (isCelError(result)) throw new CelError('Failed', `${result.message}.`, { cause: result });
      if (typeof result !== 'boolean') throw new CelError('Failed', `it is ${typeof result}, neither true nor false.`);
      return result;
    },
  };
}

/** What was converted once: the same change is asked of by every rule. */
const converted = new WeakMap<object, CelInput>();

function input(value: Data): CelInput {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  const known = converted.get(value);
  if (known !== undefined) return known;
  const made = Array.isArray(value)
    ? value.map(input)
    : new Map(Object.entries(value).map(([key, item]) => [key, input(item as Data)]));
  converted.set(value, made);
  return made;
}
