import { type Comprehension, childrenOf, type Node } from './syntax.ts';
import type { Vocabulary } from './vocabulary.ts';

/**
 * Steps of an evaluation as a polynomial of the longest list that it is given: `[c0, c1, …]` for c0 + c1·n + …. An upper bound: both sides of every
 * condition are counted, every loop runs to its end.
 */
export type Cost = readonly number[];

/** Steps of an evaluation: one for each node, and for a call as many as the lists that it is given are long. */
export function costOf(root: Node, vocabulary: Vocabulary): Cost {
  return counted(root, vocabulary, (node) =>
    // To look for a value in a list, or compare two, looks at each.
    node.exprKind.case === 'callExpr'
      ? childrenOf(node)
          .map((child) => sizeOf(child, vocabulary))
          .reduce(sum, [1])
      : [1],
  );
}

const LOGIC = new Set(['!_', '_&&_', '_||_', '_?_:_', '@not_strictly_false']);

/** How often an evaluation looks through a text: once for each call that is no logic. */
export function looksOf(root: Node, vocabulary: Vocabulary): Cost {
  return counted(root, vocabulary, ({ exprKind }) =>
    exprKind.case === 'callExpr' && !LOGIC.has(exprKind.value.function) ? [1] : [],
  );
}

type Count = (node: Node) => Cost;

function counted(node: Node, vocabulary: Vocabulary, count: Count): Cost {
  if (node.exprKind.case === 'comprehensionExpr') return ofLoop(node.exprKind.value, vocabulary, count);
  return childrenOf(node)
    .map((child) => counted(child, vocabulary, count))
    .reduce(sum, count(node));
}

function ofLoop(
  { iterRange, accuInit, loopCondition, loopStep, result }: Comprehension,
  vocabulary: Vocabulary,
  count: Count,
): Cost {
  const all = (parts: readonly (Node | undefined)[]) =>
    parts.map((part) => (part === undefined ? [] : counted(part, vocabulary, count))).reduce(sum, [1]);
  const around = all([iterRange, accuInit, result]);
  return sum(around, product(sizeOf(iterRange!, vocabulary), all([loopCondition, loopStep])));
}

/** How long a list is at most; what is none counts as one of one. */
function sizeOf({ exprKind }: Node, vocabulary: Vocabulary): Cost {
  switch (exprKind.case) {
    case 'constExpr':
    case 'identExpr':
      return [1];
    case 'listExpr':
      return [exprKind.value.elements.length];
    case 'comprehensionExpr':
      return exprKind.value.accuInit?.exprKind.case === 'listExpr'
        ? sizeOf(exprKind.value.iterRange!, vocabulary)
        : [1];
    case 'selectExpr':
      return isList(exprKind.value, vocabulary) ? [0, 1] : [1];
    case 'callExpr':
      return exprKind.value.function === '_+_'
        ? exprKind.value.args.map((part) => sizeOf(part, vocabulary)).reduce(sum, [])
        : [1];
    default:
      return [1];
  }
}

function isList({ operand, field }: { operand?: Node; field: string }, vocabulary: Vocabulary): boolean {
  const known = operand?.exprKind.case === 'identExpr' ? vocabulary[operand.exprKind.value.name]?.[field] : undefined;
  return known === 'list' || typeof known === 'object';
}

/** Value of a cost for lists of that length. */
export function stepsOf(cost: Cost, longest: number): number {
  return cost.reduceRight((value, coefficient) => value * Math.max(longest, 1) + coefficient, 0);
}

function sum(one: Cost, other: Cost): number[] {
  return Array.from(
    { length: Math.max(one.length, other.length) },
    (_, degree) => (one[degree] ?? 0) + (other[degree] ?? 0),
  );
}

function product(one: Cost, other: Cost): number[] {
  const result = new Array<number>(Math.max(0, one.length + other.length - 1)).fill(0);
  for (const [a, left] of one.entries()) for (const [b, right] of other.entries()) result[a + b]! += left * right;
  return result;
}
