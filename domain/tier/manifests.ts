/** Texts that may hold a Kubernetes manifest: asked for their content in every change. */
const MANIFEST = /\.(?:ya?ml|json|tpl|gotmpl|tmpl|jsonnet|libsonnet|cue)$/i;
const LOCK =
  /(?:^|\/)(?:package-lock|npm-shrinkwrap|packages\.lock|composer\.lock|deno\.lock|flake\.lock|pnpm-lock)\.(?:json|ya?ml)$/i;

/** API groups whose objects say who may do what, or what a cluster lets in. */
const GROUPS =
  /(?:rbac\.authorization\.k8s\.io|admissionregistration\.k8s\.io|(?:policies\.)?kyverno\.io|(?:templates|constraints|config|mutations)\.gatekeeper\.sh|policy\.sigstore\.dev|authorization\.openshift\.io)\/v\d/i;
const RIG = /rig\.dashecorp\.com|\brig-(?:conductor|verifier|system|gitops)\b/i;

/** Whether the content of a file decides if it is a manifest that agents may not touch. A lock file is none, whatever it is written in. */
export function mayBeManifest(path: string): boolean {
  return MANIFEST.test(path) && !LOCK.test(path);
}

/** What a text grants or guards, however its strings are escaped; null where it is no manifest of access, admission or the rig. */
export function guardedManifest(text: string): string | null {
  const plain = unescaped(text);
  if (RIG.test(plain)) return 'a manifest of the rig itself';
  return GROUPS.test(plain) ? 'a manifest of access or admission' : null;
}

const KIND = String.raw`["']?kind["']?\s*:\s*(?:[&!]\S+\s+)*["']?([A-Za-z0-9]+)`;
const ANYWHERE = new RegExp(`(?:^|[\\s{,"'-])${KIND}`, 'g');
const LINE = new RegExp(`^([\\s-]*)${KIND}`);
/** Ways to write a key that no manifest needs: then every kind counts. */
const UNUSUAL = /^[\s-]*[?!&]/m;

/**
 * Kinds of the objects in a text of YAML or JSON: those that stand beside an `apiVersion`, or at the margin; a reference's `kind` is none of them. What is
 * written on one line, or in an unusual way, counts wherever it stands.
 */
export function kindsOf(text: string): string[] {
  const plain = unescaped(text);
  if (UNUSUAL.test(plain)) return kindsIn(plain.replace(/^\s*\?\s*/gm, '').replace(/\n\s*:/g, ':'));
  const lines = plain.split(/\r?\n/);
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
