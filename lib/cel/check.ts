import { RE2JS } from '@bufbuild/re2';
import { withoutAnchors } from './anchors.ts';
import { CelError } from './error.ts';
import { type Call, type Comprehension, childrenOf, type Node } from './syntax.ts';
import type { Field, Vocabulary } from './vocabulary.ts';

/** Name of a variable that a macro binds, with the fields of what it stands for; null for a plain value. */
type Bound = ReadonlyMap<string, readonly string[] | null>;

const OPERATORS = new Set([
  '!_',
  '-_',
  '_&&_',
  '_||_',
  '_==_',
  '_!=_',
  '_<_',
  '_<=_',
  '_>_',
  '_>=_',
  '_+_',
  '_-_',
  '_*_',
  '_?_:_',
  '@in',
  '@not_strictly_false',
]);
const FUNCTIONS = new Set(['size', 'contains', 'startsWith', 'endsWith', 'matches']);
const PATTERN_LENGTH = 1_024;

/** Refuses every name, function and loop that the vocabulary does not have. Throws {@link CelError}; names of the `text` fields that are read are answered. */
export function check(root: Node, vocabulary: Vocabulary): { texts: string[] } {
  const read = new Map<string, Field>();
  visit(root, new Map(), vocabulary, read);
  return { texts: [...read].flatMap(([name, field]) => (field === 'text' ? [name] : [])) };
}

function visit(node: Node, bound: Bound, vocabulary: Vocabulary, read: Map<string, Field>): void {
  const { exprKind } = node;
  switch (exprKind.case) {
    case 'constExpr':
      break;
    case 'identExpr':
      requireBound(exprKind.value.name, bound, vocabulary);
      break;
    case 'selectExpr':
      read.set(exprKind.value.field, fieldOf(node, bound, vocabulary));
      break;
    case 'comprehensionExpr':
      visitLoop(exprKind.value, bound, vocabulary, read);
      break;
    case 'callExpr':
    case 'listExpr':
      if (exprKind.case === 'callExpr') requireCall(exprKind.value);
      for (const child of childrenOf(node)) visit(child, bound, vocabulary, read);
      break;
    default:
      throw new CelError('UnknownFunction', 'it builds an object; only values and lists are compared.');
  }
}

function visitLoop(loop: Comprehension, bound: Bound, vocabulary: Vocabulary, read: Map<string, Field>): void {
  visit(loop.iterRange!, bound, vocabulary, read);
  const element = elementOf(loop.iterRange!, bound, vocabulary);
  const inside = new Map([...bound, [loop.iterVar, element], [loop.accuVar, null]] as const);
  if (loop.iterVar2 !== '') throw new CelError('UnknownFunction', 'it uses a macro with two variables.');
  for (const part of [loop.accuInit, loop.loopCondition, loop.loopStep, loop.result])
    if (part !== undefined) visit(part, inside, vocabulary, read);
}

function requireBound(name: string, bound: Bound, vocabulary: Vocabulary): void {
  if (bound.has(name)) return;
  const known = Object.hasOwn(vocabulary, name) ? vocabulary[name] : undefined;
  if (known !== undefined)
    throw new CelError('UnknownName', `${name} is no value; name one of its fields: ${Object.keys(known).join(', ')}.`);
  throw unknown(name, vocabulary);
}

function fieldOf(node: Node, bound: Bound, vocabulary: Vocabulary): Field {
  const { operand, field } = (node.exprKind as Extract<Node['exprKind'], { case: 'selectExpr' }>).value;
  if (operand?.exprKind.case !== 'identExpr')
    throw new CelError('UnknownName', `.${field} is asked of something that has no fields.`);
  const { name } = operand.exprKind.value;
  const fields = bound.get(name);
  if (fields?.includes(field)) return 'value';
  if (bound.has(name))
    throw new CelError(
      'UnknownName',
      `${name}.${field} is not known${fields ? `; ${name} has ${fields.join(', ')}` : ''}.`,
    );
  if (!Object.hasOwn(vocabulary, name)) throw unknown(name, vocabulary);
  const known = vocabulary[name]!;
  if (!Object.hasOwn(known, field))
    throw new CelError(
      'UnknownName',
      `${name}.${field} is not known here; ${name} has ${Object.keys(known).join(', ')}.`,
    );
  return known[field]!;
}

/** What a loop runs over: a list of the vocabulary, one written out, or what a filter or map left of these. */
function elementOf(range: Node, bound: Bound, vocabulary: Vocabulary): readonly string[] | null {
  const { exprKind } = range;
  if (exprKind.case === 'listExpr') return null;
  if (exprKind.case === 'comprehensionExpr' && exprKind.value.accuInit?.exprKind.case === 'listExpr')
    return keepsElements(exprKind.value) ? elementOf(exprKind.value.iterRange!, bound, vocabulary) : null;
  const field = exprKind.case === 'selectExpr' ? fieldOf(range, bound, vocabulary) : 'value';
  if (field === 'list') return null;
  if (typeof field !== 'string') return field;
  throw new CelError('BadRange', 'a macro runs over something that is no list.');
}

/** A filter: it adds the element itself. */
function keepsElements({ loopStep, iterVar }: Comprehension): boolean {
  const step = loopStep?.exprKind;
  const added = step?.case === 'callExpr' && step.value.function === '_?_:_' ? step.value.args[1] : loopStep;
  const list = added?.exprKind.case === 'callExpr' ? added.exprKind.value.args[1]?.exprKind : undefined;
  const [element] = list?.case === 'listExpr' ? list.value.elements : [];
  return element?.exprKind.case === 'identExpr' && element.exprKind.value.name === iterVar;
}

function requireCall({ function: name, args }: Call): void {
  if (!OPERATORS.has(name) && !FUNCTIONS.has(name))
    throw new CelError(
      'UnknownFunction',
      `${name.replaceAll('_', ' ').trim()} is not known; there are ${[...FUNCTIONS].join(', ')}, all, exists, exists_one, filter, map, has and operators.`,
    );
  if (name !== 'matches') return;
  const pattern = args.at(-1)?.exprKind;
  const text =
    pattern?.case === 'constExpr' && pattern.value.constantKind.case === 'stringValue'
      ? pattern.value.constantKind.value
      : null;
  if (text === null) throw new CelError('BadPattern', 'matches takes a pattern that is written out.');
  patternOf(text);
}

const patterns = new Map<string, { test(text: string): boolean }>();

/** A pattern of RE2, compiled once: its time is linear in the text, whatever it is. Throws {@link CelError}. */
export function patternOf(text: string): { test(text: string): boolean } {
  const known = patterns.get(text);
  if (known !== undefined) return known;
  if (text.length > PATTERN_LENGTH)
    throw new CelError('BadPattern', `a pattern has ${text.length} characters; ${PATTERN_LENGTH} are taken.`);
  try {
    const compiled = matcherOf(text);
    if (patterns.size >= 1_000) patterns.clear();
    patterns.set(text, compiled);
    return compiled;
  } catch (cause) {
    throw new CelError('BadPattern', `the pattern ${text} is not one of RE2: ${(cause as Error).message}.`, { cause });
  }
}

/** Asked without its anchors where that says the same. */
function matcherOf(pattern: string): { test(text: string): boolean } {
  const whole = RE2JS.compile(pattern);
  const other = withoutAnchors(pattern);
  if (other === null) return whole;
  const quick = RE2JS.compile(other.pattern);
  return {
    test: (text) => {
      const between = other.over(text);
      return between === null ? whole.test(text) : quick.test(between);
    },
  };
}

function unknown(name: string, vocabulary: Vocabulary): CelError {
  return new CelError('UnknownName', `${name} is not known here; known are ${Object.keys(vocabulary).join(', ')}.`);
}
