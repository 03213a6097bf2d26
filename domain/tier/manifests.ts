import type { Engines } from './engines.ts';

/** Texts that may hold a Kubernetes manifest by their name, templates of them too: asked for their content in every change. */
const MANIFEST = /\.(?:ya?ml|json|tpl|gotmpl|tmpl|jsonnet|libsonnet|cue)(?:\.[a-z0-9]{1,12})?$/i;
const LOCK =
  /(?:^|\/)(?:package-lock|npm-shrinkwrap|packages\.lock|composer\.lock|deno\.lock|flake\.lock|pnpm-lock)\.(?:json|ya?ml)$/i;

/** API groups whose objects say who may do what, or what a cluster lets in. */
const GROUPS =
  /(?:rbac\.authorization\.k8s\.io|admissionregistration\.k8s\.io|(?:policies\.)?kyverno\.io|(?:templates|constraints|config|mutations)\.gatekeeper\.sh|policy\.sigstore\.dev|authorization\.openshift\.io)\/v\d/i;
const RIG = /rig\.dashecorp\.com|\brig-(?:conductor|verifier|system|gitops)\b/i;

/** Whether a file is a manifest by its name, so that its content decides if agents may touch it. A lock file is none, whatever it is written in. */
export function mayBeManifest(path: string): boolean {
  return MANIFEST.test(path) && !LOCK.test(path);
}

/** What the objects in one text are. */
export interface SaidManifests {
  readonly kinds: readonly string[];
  /** What it grants or guards; null where it is no manifest of access, admission or the rig. */
  readonly guarded: string | null;
  /** Whether it may hold objects that nobody here can name. */
  readonly untold: boolean;
}

/**
 * Tells the objects in a text by its lines, and where these do not say everything, by the parser. `parse` may refuse, as when it was asked too often: then what
 * its lines do not say is untold.
 */
export function saidIn(text: string, parse: Engines['readManifests']): SaidManifests {
  const plain = unescaped(text);
  const lines = kindsOf(plain);
  if (!CONCERNED.test(plain)) return { kinds: lines, guarded: guardedBy(plain), untold: false };
  const parsed = isPlain(text) ? { kinds: [], apiVersions: [], untold: false } : parse(text);
  return {
    kinds: [...new Set([...lines, ...(parsed?.kinds ?? [])])],
    guarded: guardedBy([plain, ...(parsed?.apiVersions ?? [])].join('\n')),
    untold: BREAKS.test(text) || (parsed?.untold ?? UNTOLD_LINE.test(plain)),
  };
}

/**
 * Whether a file that is no manifest by its name is one all the same to whoever applies it. Each document of it is asked for itself, as appliers do; prose and code
 * are none, for they do not begin as YAML, or are not understood and have no `apiVersion` at the margin, outside of what they quote.
 */
export function isDisguised(text: string, parse: Engines['readManifests']): boolean {
  return text.split(DOCUMENT).some((document) => {
    const plain = unescaped(document);
    if (!HIDING.test(plain) || !beginsAsYAML(document)) return false;
    const parsed = document.length > LONGEST ? null : parse(document);
    return parsed === null ? MARGIN.test(unfenced(plain)) : parsed.untold || parsed.apiVersions.length > 0;
  });
}

/** Characters of a document that are worth a parser where nothing says that it is one. */
const LONGEST = 512 * 1024;
const DOCUMENT = /^---(?=\s|$)/m;

/** A document of prose is one long word to YAML: no key can follow. */
function beginsAsYAML(document: string): boolean {
  const first = document.split(LINES).find((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  return first !== undefined && /^\s*(?:["'{[?&!|>*%-]|.*:(?:\s|$))/.test(first);
}

/** Nothing without these is an object, or hides one. */
const CONCERNED = /kind|apiVersion|!binary|tag:yaml|%TAG|!\S{0,64}%/;
const HIDING = /apiVersion|!binary|tag:yaml|%TAG|!\S{0,64}%/;
/** Ends of lines to some readers of YAML, and none to others. */
const BREAKS = /[\u0085\u2028\u2029]/;
/** Keys whose values stand on another line, or in another place: only a parser finds them. */
const UNTOLD_LINE =
  /^[ \t-]*(?:["']?(?:apiVersion|kind)["']?[ \t]*:[ \t]*(?:$|#|[|>&*!])|\?[ \t]|<<[ \t]*:|[&*!]\S+[ \t]*["'\w]*[ \t]*:|%TAG)/m;
/** Anything by which a line says other than it reads: flow, escapes, directives, merges, anchors, aliases, tags. */
const INTRICATE = /[{\\%\t\u0085\u2028\u2029]|<<|(?:^|[\s,[:-])[&*!?](?=[^\n])/m;
const MARGIN = /^(?:- )?["']?apiVersion["']?[ \t]*:/m;

/** Whether its lines say all of its objects: block style, each key with its value. */
function isPlain(text: string): boolean {
  return !INTRICATE.test(text) && !UNTOLD_LINE.test(text);
}

function guardedBy(text: string): string | null {
  if (RIG.test(text)) return 'a manifest of the rig itself';
  return GROUPS.test(text) ? 'a manifest of access or admission' : null;
}

/** Prose without the blocks that it quotes. */
function unfenced(text: string): string {
  let fence: string | null = null;
  const kept: string[] = [];
  for (const line of text.split(LINES)) {
    const [, mark] = /^ {0,3}(```|~~~)/.exec(line) ?? [];
    if (mark !== undefined && (fence === null || fence === mark)) fence = fence === null ? mark : null;
    else if (fence === null) kept.push(line);
  }
  return kept.join('\n');
}

const LINES = /\r\n|\n|\r/;
const KIND = String.raw`["']?kind["']?[ \t]*:\s*(?:[&!]\S+\s+)*["']?([A-Za-z0-9]+)`;
const ANYWHERE = new RegExp(`(?:^|[\\s{,"'-])${KIND}`, 'g');
const LINE = new RegExp(`^([\\s-]*)${KIND}`);
/** Ways to write a key that no manifest needs: then every kind counts. */
const UNUSUAL = /^[ \t-]*[?!&]/m;

/**
 * Kinds that the lines of a text name: those that stand beside an `apiVersion`, or at the margin; a reference's `kind` is none of them. What is
 * written on one line, or in an unusual way, counts wherever it stands.
 */
function kindsOf(plain: string): string[] {
  if (!plain.includes('kind')) return [];
  if (UNUSUAL.test(plain)) return kindsIn(plain.replace(/^[ \t]*\?[ \t]*/gm, '').replace(/\n[ \t]*:/g, ':'));
  const lines = plain.split(LINES).filter((line) => line.includes('kind') || line.includes('apiVersion'));
  const margins = lines.map((line) => /^([\s-]*)["']?apiVersion["']?\s*:/.exec(line)?.[1]?.length ?? 0);
  const beside = new Set([0, ...margins]);
  return lines.flatMap((line) => {
    if (line.includes('{') || line.includes(',')) return kindsIn(line);
    const [, indent, kind] = LINE.exec(line) ?? [];
    return kind !== undefined && beside.has(indent!.length) ? [kind] : [];
  });
}

function kindsIn(text: string): string[] {
  return [...text.matchAll(ANYWHERE)].map(([, kind]) => kind!);
}

/** Escapes of double-quoted YAML and JSON strings written out, and their continued lines joined. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text
    .replace(/\\(?:\r\n|\n|\r)[ \t]*/g, '')
    .replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))/gi, (_, x, u, wide) => {
      const code = Number.parseInt(x ?? u ?? wide, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : '';
    })
    .replaceAll('\\/', '/');
}
