import { parse } from '@bufbuild/cel';
import { CelError } from './error.ts';

/** A node of a parsed expression, macros written out as comprehensions. */
export type Node = NonNullable<ReturnType<typeof parse>['expr']>;
export type Comprehension = Extract<Node['exprKind'], { case: 'comprehensionExpr' }>['value'];
export type Call = Extract<Node['exprKind'], { case: 'callExpr' }>['value'];

/** Characters of an expression, and brackets within brackets. */
const LONGEST = 2_048;
const DEEPEST = 24;

/** Parses an expression of bounded length and depth. Throws {@link CelError}. */
export function syntaxOf(source: string): { expression: ReturnType<typeof parse>; root: Node } {
  if (source.length > LONGEST)
    throw new CelError('TooLong', `it has ${source.length} characters; ${LONGEST} are taken.`);
  requireShallow(source);
  try {
    const expression = parse(source);
    return { expression, root: expression.expr! };
  } catch (cause) {
    throw new CelError('Syntax', `it is no CEL: ${(cause as Error).message.replace(/^<input>:/, '')}.`, { cause });
  }
}

/** Comments and strings of CEL: raw ones, in which a backslash is one, and those of three quotes, before the others. */
const SAID_OTHERWISE =
  /\/\/[^\n]*|(?<!\w)(?:[bB]?[rR]|[rR][bB])(?:'''[\s\S]*?'''|"""[\s\S]*?"""|'[^'\n]*'|"[^"\n]*")|'''(?:[^\\]|\\[\s\S])*?'''|"""(?:[^\\]|\\[\s\S])*?"""|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g;

/** What an expression says outside of its strings; one that no parser takes for a string is read as it stands. */
function requireShallow(source: string): void {
  const said = source.replace(SAID_OTHERWISE, "''");
  let depth = 0;
  for (const char of said) {
    if ('([{'.includes(char)) depth += 1;
    else if (')]}'.includes(char)) depth -= 1;
    if (depth > DEEPEST) throw new CelError('TooDeep', `it nests brackets more than ${DEEPEST} deep.`);
  }
  if (/(?:[!-]\s*){16}|(?:\?[^?]*){16}/.test(said))
    throw new CelError('TooDeep', 'it has a row of 16 signs or conditions; write several rules.');
}

/** The nodes right below one. */
export function childrenOf({ exprKind }: Node): Node[] {
  switch (exprKind.case) {
    case 'selectExpr':
      return present([exprKind.value.operand]);
    case 'callExpr':
      return present([exprKind.value.target, ...exprKind.value.args]);
    case 'listExpr':
      return exprKind.value.elements;
    case 'comprehensionExpr': {
      const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value;
      return present([iterRange, accuInit, loopCondition, loopStep, result]);
    }
    default:
      return [];
  }
}

function present(nodes: readonly (Node | undefined)[]): Node[] {
  return nodes.filter((node) => node !== undefined);
}
