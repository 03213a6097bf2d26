import { patternOf } from './check.ts';
import { type Call, childrenOf, type Node } from './syntax.ts';
import type { Data } from './vocabulary.ts';

type Values = Readonly<Record<string, Data>>;
/** What a plain part of an expression is; undefined where only the whole evaluator can tell. */
type Plain = string | number | boolean | readonly Data[] | undefined;
type Part = (values: Values) => Plain;
/** How a loop is asked by itself; it answers undefined where it is no truth value, or fails. */
type Loop = (node: Node) => (values: Values) => boolean | undefined;

/**
 * A short way to evaluate what most expressions are made of: text, truth and whole numbers, compared and joined by logic. Null where the expression has
 * something else. A loop in it is asked by `loop`, and only where the answer hangs on it. It answers undefined wherever a value is not of the type that is expected, and never guesses: then the whole
 * evaluator is asked, which knows what an error is and what may pass over one.
 */
export function plainOf(root: Node, loop: Loop): ((values: Values) => boolean | undefined) | null {
  const part = root.exprKind.case === 'comprehensionExpr' ? null : partOf(root, loop);
  if (part === null) return null;
  return (values) => {
    const told = part(values);
    return typeof told === 'boolean' ? told : undefined;
  };
}

function partOf(node: Node, loop: Loop): Part | null {
  const { exprKind } = node;
  switch (exprKind.case) {
    case 'constExpr':
      return constant(constantOf(node));
    case 'selectExpr': {
      const { operand, field, testOnly } = exprKind.value;
      if (testOnly || operand?.exprKind.case !== 'identExpr') return null;
      return fieldOf(operand.exprKind.value.name, field);
    }
    case 'listExpr':
      return constant(listOf(exprKind.value.elements));
    case 'callExpr':
      return callOf(exprKind.value, childrenOf(node), loop);
    case 'comprehensionExpr':
      // Of a list there is no truth.
      return exprKind.value.accuInit?.exprKind.case === 'listExpr' ? null : loop(node);
    default:
      return null;
  }
}

function constant(value: Plain): Part | null {
  return value === undefined ? null : () => value;
}

function constantOf({ exprKind }: Node): string | number | boolean | undefined {
  const kind = exprKind.case === 'constExpr' ? exprKind.value.constantKind : undefined;
  if (kind?.case === 'stringValue' || kind?.case === 'boolValue') return kind.value;
  return kind?.case === 'int64Value' ? whole(Number(kind.value)) : undefined;
}

/** A list that is written out, of plain values alone. */
function listOf(elements: readonly Node[]): readonly Data[] | undefined {
  const values = elements.map(constantOf);
  return values.every((value) => value !== undefined) ? values : undefined;
}

function whole(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value : undefined;
}

function fieldOf(name: string, field: string): Part {
  return (values) => {
    const variable = values[name];
    if (typeof variable !== 'object' || variable === null) return undefined;
    const value = (variable as Readonly<Record<string, Data>>)[field];
    if (typeof value === 'number') return whole(value);
    return typeof value === 'string' || typeof value === 'boolean' || Array.isArray(value)
      ? (value as Plain)
      : undefined;
  };
}

function callOf({ function: name, target }: Call, children: readonly Node[], loop: Loop): Part | null {
  const parts = children.map((child) => partOf(child, loop));
  if (parts.some((part) => part === null)) return null;
  const [one, other, third, ...more] = parts as Part[];
  if (one === undefined || more.length > 0) return null;
  if (third !== undefined) return name === '_?_:_' && other !== undefined ? choice(one, other, third) : null;
  if (other === undefined) return name === '!_' ? opposite(one) : name === 'size' ? length(one) : null;
  if (name === '_&&_') return both(one, other);
  if (name === '_||_') return either(one, other);
  if (name === 'matches') return target === undefined ? null : matching(one, children[1]!);
  const compare = (target === undefined ? OPERATORS : METHODS).get(name);
  return compare === undefined ? null : (values) => compare(one(values), other(values));
}

const OPERATORS = new Map<string, (one: Plain, other: Plain) => Plain>([
  ['_==_', equal],
  ['_!=_', (one, other) => negated(equal(one, other))],
  ['_<_', numbers((one, other) => one < other)],
  ['_<=_', numbers((one, other) => one <= other)],
  ['_>_', numbers((one, other) => one > other)],
  ['_>=_', numbers((one, other) => one >= other)],
  ['_+_', texts((one, other) => one + other)],
  ['@in', (one, other) => (typeof one === 'string' && Array.isArray(other) ? other.includes(one) : undefined)],
]);
const METHODS = new Map<string, (one: Plain, other: Plain) => Plain>([
  ['contains', texts((one, other) => one.includes(other))],
  ['startsWith', texts((one, other) => one.startsWith(other))],
  ['endsWith', texts((one, other) => one.endsWith(other))],
]);

function equal(one: Plain, other: Plain): boolean | undefined {
  return one === undefined || typeof one === 'object' || typeof one !== typeof other ? undefined : one === other;
}

function negated(told: Plain): boolean | undefined {
  return typeof told === 'boolean' ? !told : undefined;
}

function numbers(compare: (one: number, other: number) => boolean): (one: Plain, other: Plain) => Plain {
  return (one, other) => (typeof one === 'number' && typeof other === 'number' ? compare(one, other) : undefined);
}

function texts(join: (one: string, other: string) => Plain): (one: Plain, other: Plain) => Plain {
  return (one, other) => (typeof one === 'string' && typeof other === 'string' ? join(one, other) : undefined);
}

function matching(text: Part, pattern: Node): Part | null {
  const written = constantOf(pattern);
  if (typeof written !== 'string') return null;
  const compiled = patternOf(written);
  return (values) => {
    const value = text(values);
    return typeof value === 'string' ? compiled.test(value) : undefined;
  };
}

/** Of a list; of a text only the whole evaluator counts characters. */
function length(one: Part): Part {
  return (values) => {
    const value = one(values);
    return Array.isArray(value) ? value.length : undefined;
  };
}

function opposite(one: Part): Part {
  return (values) => negated(one(values));
}

function both(one: Part, other: Part): Part {
  return (values) => {
    const told = one(values);
    if (told === false) return false;
    const rest = told === true ? other(values) : undefined;
    return typeof rest === 'boolean' ? rest : undefined;
  };
}

function either(one: Part, other: Part): Part {
  return (values) => {
    const told = one(values);
    if (told === true) return true;
    const rest = told === false ? other(values) : undefined;
    return typeof rest === 'boolean' ? rest : undefined;
  };
}

function choice(asked: Part, yes: Part, no: Part): Part {
  return (values) => {
    const told = asked(values);
    return typeof told === 'boolean' ? (told ? yes : no)(values) : undefined;
  };
}
