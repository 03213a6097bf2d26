import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suiteOf } from '../suites/files.ts';
import { type Node, Syntax } from './syntax.ts';

/** The one file that writes to a forge, each write an effect. */
const WRITES = 'operator/forges/writes.ts';
/** Makes the identities that everybody else is handed. */
const IDENTITIES = 'operator/forges/forges.ts';
/** The one that is handed a push to forward, and runs it as an effect. */
const PUSH = 'operator/gateway/push.ts';
/** Open the forge's git, for reading and for {@link PUSH}. */
const GIT = ['operator/gateway/routes.ts', 'operator/gateway/remote.ts'];

/** Sentences about forge writes of the operator that are no effect: they would be done twice after a crash, and by a leader that was replaced. */
export function checkForgeWrites(root: string, files: readonly string[]): string[] {
  const read = (paths: readonly string[]) =>
    new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
  const code = files.filter(
    (file) => file.endsWith('.ts') && suiteOf(file) === undefined && !/\.[a-z]+-(kit|main)\.ts$/.test(file),
  );
  return judgeForgeWrites(
    read(code.filter((file) => /^lib\/forge\/[\w-]+\.ts$/.test(file))),
    read(code.filter((file) => file.startsWith('operator/'))),
  );
}

/** {@link checkForgeWrites} on texts by path: those of lib/forge, and those of the operator. */
export function judgeForgeWrites(forge: ReadonlyMap<string, string>, operator: ReadonlyMap<string, string>): string[] {
  const writes = new Set([...forge.values()].flatMap(documentedWrites));
  const faults = [...forge].flatMap(([path, text]) => undocumented(path, text, writes));
  const helpers = new Set([...forge].flatMap(([path, text]) => writingExports(path, text, writes)));
  return [...faults, ...[...operator].flatMap(([path, text]) => judge(path, text, writes, helpers))];
}

/** Methods of the port whose docs begin with the word Write. */
function documentedWrites(text: string): string[] {
  return [...text.matchAll(/\/\*\*\s*(?:\*\s*)?Write\b[^/]*?\*\/\s*(\w+)\(/g)].map(([, name]) => name!);
}

/** Methods that call the writing client and whose docs do not say so. */
function undocumented(path: string, text: string, writes: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  const syntax = new Syntax(text);
  syntax.walk((node, around) => {
    if (node.type !== 'CallExpression' || !/^client\.write$/.test(syntax.textOf(node.callee))) return;
    const method = around.findLast(({ type }) => type === 'KeyValueProperty' || type === 'MethodProperty')?.key?.value;
    if (method !== undefined && !writes.has(method))
      faults.push(
        `${path}:${syntax.lineOf(node)}: ${method} writes to the forge; let its docs in the port begin with "Write"`,
      );
  });
  return faults;
}

/** Functions that lib/forge exports and that write by a port they are given. */
function writingExports(path: string, text: string, writes: ReadonlySet<string>): string[] {
  if (/(contract|doubles)/.test(path)) return [];
  const names: string[] = [];
  const syntax = new Syntax(text);
  syntax.walk((node, around) => {
    if (node.type !== 'MemberExpression' || !writes.has(nameOf(node))) return;
    const { object } = node;
    const made = around.find(({ type }) => type === 'FunctionDeclaration');
    if (object.type === 'Identifier' && object.value === 'forge' && made) names.push(made.identifier.value);
  });
  return names;
}

function judge(path: string, text: string, writes: ReadonlySet<string>, helpers: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  const syntax = new Syntax(text);
  const fault = (node: Node, sentence: string) =>
    faults.push(`${path}:${syntax.lineOf(node.span === undefined ? node.key : node)}: ${sentence}`);
  syntax.walk((node, around) => {
    const name = touched(node);
    if (name !== undefined && writes.has(name) && path !== WRITES && !isOfWrites(syntax, node))
      fault(node, `${name} writes to the forge; only ${WRITES} does that, as an effect: call its method`);
    if (name === 'gitAuthorization' && !GIT.includes(path))
      fault(node, `only ${GIT.join(' and ')} opens the forge's git`);
    for (const imported of importsOf(node)) {
      if (helpers.has(imported)) fault(node, `${imported} writes to the forge, and is no effect`);
      if (imported === 'createForge' && path !== IDENTITIES)
        fault(node, `only ${IDENTITIES} makes an identity at a forge`);
      if (imported.startsWith('@octokit/')) fault(node, 'only lib/forge speaks to a forge');
    }
    if (isPush(node) && !(path === PUSH && isForwarded(syntax, around)))
      fault(node, `git push runs only in ${PUSH}, inside forwarding.forward, which is an effect`);
  });
  return faults;
}

/** The member that a node reads, calls or takes apart. */
function touched(node: Node): string | undefined {
  if (node.type === 'MemberExpression' || node.type === 'OptionalChainingExpression') return nameOf(node);
  if (node.type === 'AssignmentPatternProperty' || node.type === 'KeyValuePatternProperty') return node.key?.value;
  return undefined;
}

function nameOf({ property }: Node): string {
  return property?.type === 'Computed' ? (property.expression?.value ?? '') : (property?.value ?? '');
}

/** Whether it is a method of ForgeWrites: what holds one is called `writes` everywhere. */
function isOfWrites(syntax: Syntax, node: Node): boolean {
  return node.type === 'MemberExpression' && /(^|[.#])writes$/.test(syntax.textOf(node.object));
}

function importsOf(node: Node): string[] {
  if (node.type !== 'ImportDeclaration' || node.typeOnly) return [];
  const names = node.specifiers.map((one: Node) => one.imported?.value ?? one.local.value);
  return [node.source.value, ...names];
}

const isString = (node: Node | undefined, value: string) => node?.type === 'StringLiteral' && node.value === value;

function isPush(node: Node): boolean {
  const first = node.type === 'ArrayExpression' ? node.elements[0]?.expression : undefined;
  return isString(first, 'push') || isString(first, 'send-pack');
}

function isForwarded(syntax: Syntax, around: readonly Node[]): boolean {
  return around.some(({ type, callee }) => type === 'CallExpression' && syntax.textOf(callee) === 'forwarding.forward');
}
