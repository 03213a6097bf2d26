import { posix } from 'node:path';
import {
  type CommandNode,
  forEachChild,
  type ParsedScript,
  type Pipeline,
  parse,
  type Redirection,
  type SyntaxNode,
  type Word,
} from 'unbash';
import { type Arg, argOf, type Place } from './words.ts';

/** Raised where the text cannot be understood; such a command is refused. */
export class Unclear extends Error {
  override name = 'Unclear';
}

interface RedirectTo {
  readonly operator: string;
  readonly target: Arg;
}

/** One simple command of a script, wherever it stands in it. */
export interface Invocation {
  /** Base name of the program; '' for a bare assignment or redirection. */
  readonly name: string;
  readonly args: readonly Arg[];
  readonly redirects: readonly RedirectTo[];
  /** Literal text given on standard input by a here-document or here-string; null where it is not literal. */
  readonly stdin: string | null | undefined;
  /** Folders the command may start in; undefined stands for one that is not known. */
  readonly folders: readonly (string | undefined)[];
  /** Names of the programs before it in its pipeline. */
  readonly upstream: readonly string[];
  /** Names of the programs inside the command and process substitutions of its words. */
  readonly within: readonly string[];
  /** The whole script's source. */
  readonly source: string;
}

interface Context {
  readonly place: Place;
  readonly source: string;
  readonly folders: Set<string | undefined>;
  readonly found: Invocation[];
}

/**
 * Every simple command of `source`, also inside functions, loops, subshells and substitutions, in the order written. A `cd` adds its
 * target to the folders later commands may start in. Throws {@link Unclear} where the grammar is broken or a name is computed.
 */
export function invocations(source: string, place: Place): Invocation[] {
  const context: Context = { place, source, folders: new Set([place.root]), found: [] };
  walk(checked(parse(source)), context, []);
  return context.found;
}

function checked(script: ParsedScript): ParsedScript {
  const error = script.errors?.[0];
  if (error) throw new Unclear(`its shell grammar is broken at character ${error.pos}: ${error.message}`);
  return script;
}

function walk(node: SyntaxNode, context: Context, upstream: readonly string[]): void {
  if (node.type === 'Script') checked(node);
  if (node.type === 'Pipeline') {
    pipeline(node, context, upstream);
    return;
  }
  if (node.type === 'Function') forkBomb(node);
  if (node.type === 'Command') context.found.push(invocation(node, context, upstream));
  if (node.type === 'Redirected') context.found.push(bare(node.redirects, context));
  if (
    node.type === 'CommandExpansion' ||
    node.type === 'ArithmeticCommandExpansion' ||
    node.type === 'ProcessSubstitution'
  )
    if (node.script === undefined) throw new Unclear(`it computes a word in a way that cannot be read: ${node.text}`);
  forEachChild(node, (child) => walk(child, context, node.type === 'Script' ? [] : upstream));
}

function pipeline(node: Pipeline, context: Context, upstream: readonly string[]): void {
  let before = upstream;
  for (const command of node.commands) {
    walk(command, context, before);
    before = [...before, ...namesIn(command, context.place)];
  }
}

function namesIn(node: SyntaxNode, place: Place): string[] {
  const names: string[] = [];
  const visit = (inner: SyntaxNode) => {
    if (inner.type === 'Command' && inner.name) {
      const words = [inner.name, ...inner.args].map((word) => argOf(word, place).text);
      names.push(...words.filter((word) => word !== undefined).map((word) => posix.basename(word)));
    }
    forEachChild(inner, visit);
  };
  visit(node);
  return names;
}

function invocation(node: Extract<CommandNode, { type: 'Command' }>, context: Context, upstream: readonly string[]) {
  const { place, folders } = context;
  const name = nameOf(node.name, place);
  const args = node.args.map((word) => argOf(word, place));
  const found: Invocation = {
    name,
    args,
    ...redirected(node.redirects, place),
    folders: [...folders],
    upstream,
    within: node.args
      .flatMap((word) => (word.type === 'Word' ? (word.parts ?? []) : []))
      .flatMap((part) => namesIn(part, place)),
    source: context.source,
  };
  if (name === 'cd' || name === 'pushd') follow(args, folders, place);
  return found;
}

function bare(redirects: readonly Redirection[], context: Context): Invocation {
  const rest = { name: '', args: [], upstream: [], within: [], source: context.source };
  return { ...rest, ...redirected(redirects, context.place), folders: [...context.folders] };
}

function nameOf(word: Word | undefined, place: Place): string {
  if (word === undefined) return '';
  const { text } = argOf(word, place, { patterns: false });
  if (text === undefined) throw new Unclear(`the name of a command is computed: ${word.text}`);
  return posix.basename(text);
}

function redirected(redirects: readonly Redirection[], place: Place): Pick<Invocation, 'redirects' | 'stdin'> {
  const targets: RedirectTo[] = [];
  let stdin: string | null | undefined;
  for (const redirect of redirects) {
    if (redirect.type === 'HereDoc') stdin = redirect.body.parts ? null : redirect.body.text;
    else if (redirect.type === 'HereString')
      stdin = redirect.target ? (argOf(redirect.target, place).text ?? null) : null;
    else if (redirect.target) targets.push({ operator: redirect.operator, target: argOf(redirect.target, place) });
  }
  return { redirects: targets, stdin };
}

function follow(args: readonly Arg[], folders: Set<string | undefined>, place: Place): void {
  const target = args.find((arg) => arg.text === undefined || !arg.text.startsWith('-') || arg.text === '-');
  if (target === undefined) return void folders.add(place.home);
  for (const folder of [...folders]) {
    const known =
      folder !== undefined && target.text !== undefined && target.text !== '-' && !/[*?[]/.test(target.text);
    folders.add(known ? posix.resolve(folder, target.text as string) : undefined);
  }
}

/** A function that runs itself in a pipeline or in the background never ends multiplying. */
function forkBomb(node: Extract<SyntaxNode, { type: 'Function' }>): void {
  const name = node.name.value;
  const visit = (inner: SyntaxNode, multiplies: boolean) => {
    const more = multiplies || inner.type === 'Pipeline' || (inner.type === 'Statement' && inner.background === true);
    if (more && inner.type === 'Command' && inner.name?.value === name)
      throw new Unclear(`the function ${name} starts copies of itself without end`);
    forEachChild(inner, (child) => visit(child, more));
  };
  visit(node.body, false);
}
