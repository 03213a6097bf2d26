import { type Comprehension, childrenOf, type Node } from './syntax.ts';
import type { Vocabulary } from './vocabulary.ts';

/**
 * Steps of an evaluation as a polynomial of the longest list that it is given: `[c0, c1, …]` for c0 + c1·n + …. An upper bound: both sides of every
 * condition are counted, every loop runs to its end.
 */
export type Cost = readonly number[];

export function costOf(node: Node, vocabulary: Vocabulary): Cost {
  if (node.exprKind.case === 'comprehensionExpr') return costOfLoop(node.exprKind.value, vocabulary);
  const own = childrenOf(node)
    .map((child) => costOf(child, vocabulary))
    .reduce(sum, [1]);
  // To look for a value in a list, or compare two, looks at each.
  return node.exprKind.case === 'callExpr'
    ? childrenOf(node)
        .map((child) => sizeOf(child, vocabulary))
        .reduce(sum, own)
    : own;
}

function costOfLoop(
  { iterRange, accuInit, loopCondition, loopStep, result }: Comprehension,
  vocabulary: Vocabulary,
): Cost {
  const all = (parts: readonly (Node | undefined)[]) =>
    parts.map((part) => (part === undefined ? [] : costOf(part, vocabulary))).reduce(sum, [1]);
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
