import { canonicalJSON } from '../approval/canonical.ts';
import { ApprovalError } from '../approval/error.ts';
import { type Manifest, manifestDigest, normalManifest, removalDigest } from '../approval/manifest.ts';
import type { Identity } from '../approval/people.ts';
import { same } from '../attestor/machine.ts';
import { type AskedWrite, titleOf } from './asked.ts';
import { carriesOut } from './controllers.ts';
import { isGuard, signedForms } from './forms.ts';
import { type ListedManifests, wantsMachine, whyGoverned } from './governed.ts';

/** A write that needs consent, and what to look for. Digests are of lower-case hex. */
export interface NeededConsent {
  /** What a merge Approval has to name. */
  readonly digest: string;
  /** What consent to this would replace, in each form that somebody may have signed: one to it that was signed later stands against it. */
  readonly against: readonly string[];
  /** Consent to an end counts where it was signed after this, in ms: what was made later is another object. Null: any time. */
  readonly signedAfter: number | null;
  /** A listed machine has to have signed for the head that the Approval is of. */
  readonly machine: boolean;
  /** One sentence: what needs consent, and why. */
  readonly because: string;
}

/** `passes`: no consent is asked for, and why. `refused`: nobody can consent to it as it is written. */
export type ConsentNeed =
  | { readonly state: 'passes'; readonly why: string }
  | { readonly state: 'refused'; readonly message: string }
  | { readonly state: 'needed'; readonly need: NeededConsent };

/** What is asked of a write in a governed place, by what every rig guards and the tier policies of the cluster list beside it. `sha256` answers lower-case hex. */
export function consentNeeded(
  asked: AskedWrite,
  listed: readonly ListedManifests[],
  sha256: (text: string) => string,
): ConsentNeed {
  const why = whyGoverned(asked, listed);
  if (why === null) return { state: 'passes', why: 'neither every rig guards it nor a tier policy lists it' };
  if (carriesOut(asked))
    return { state: 'passes', why: 'a controller of the cluster carries out what was decided elsewhere' };
  const because = `${titleOf(asked)} needs the consent of a person: ${why}.`;
  try {
    if (isUnchanged(asked)) return { state: 'passes', why: 'nothing of what it says changes' };
    return { state: 'needed', need: { ...digestsOf(asked, sha256), machine: wantsMachine(asked), because } };
  } catch (error) {
    if (!(error instanceof ApprovalError)) throw error;
    return { state: 'refused', message: `${because} Nobody can consent to it as it is written: ${error.message}` };
  }
}

/** Also where nothing but a label is added that asks for consent from now on: that needs none itself. */
function isUnchanged({ object, oldObject }: AskedWrite): boolean {
  if (object === null || oldObject === null) return false;
  const had = oldObject.metadata.labels ?? {};
  const kept = Object.entries(object.metadata.labels ?? {}).filter(
    ([label, value]) => had[label] !== undefined || !isGuard(label, value),
  );
  const before = { ...object, metadata: { ...object.metadata, labels: Object.fromEntries(kept) } };
  return canonicalJSON(normalManifest(before)) === canonicalJSON(normalManifest(oldObject));
}

function digestsOf(
  { operation, object, oldObject }: AskedWrite,
  sha256: (text: string) => string,
): Omit<NeededConsent, 'because' | 'machine'> {
  const removal = removalDigest((object ?? oldObject) as Manifest, sha256);
  const forms = oldObject === null ? [] : signedForms(oldObject);
  const before = [...new Set(forms.map((form) => manifestDigest(form, sha256)))];
  if (operation === 'DELETE' || object === null)
    return { digest: removal, against: before, signedAfter: madeAt(oldObject) };
  return { digest: manifestDigest(object, sha256), against: [removal, ...before], signedAfter: null };
}

/** An object that does not say when it was made was made after everything. */
function madeAt(object: Manifest | null): number {
  const at = Date.parse(String(object?.metadata.creationTimestamp));
  return Number.isNaN(at) ? Number.POSITIVE_INFINITY : at;
}

/** Consent that was given to what a digest names. */
export interface GivenConsent {
  /** Of the Approval: `namespace/name`. Another may have that name by now. */
  readonly approval: string;
  /** Name of the signature: what makes two of them one. */
  readonly signature: string;
  /** In ms. */
  readonly signedAt: number;
}

/** A merge Approval that was verified and names a digest. */
export interface FoundConsent extends GivenConsent {
  /** Who signed it. */
  readonly human: Identity;
  /** Listed machines that signed for its head; empty where they were not asked for. */
  readonly machines: readonly Identity[];
}

/** Who vouched for a write: people by their Approval, machines by what they signed for its head. */
export interface ConsentAttestors {
  readonly humans: readonly Identity[];
  readonly machines: readonly Identity[];
}

export type ConsentDecision =
  | { readonly allowed: true; readonly by: string; readonly attestors: ConsentAttestors }
  | { readonly allowed: false; readonly message: string };

/**
 * Whether what was found consents to the write: an Approval of exactly this manifest, and none that was signed later of what it would
 * replace, so that what was agreed on last cannot be taken back with an older yes. `against` are the consents to what the need names, also those that
 * consent to nothing any more: their Approval was deleted, or their signer has left. Where a machine has to vouch too, it is one that signed for the
 * head of that very Approval, and not the person under another title.
 */
export function decideConsent(
  { digest, signedAfter, machine, because }: NeededConsent,
  { found, against }: { readonly found: readonly FoundConsent[]; readonly against: readonly GivenConsent[] },
): ConsentDecision {
  const [newest] = found
    .filter(({ signedAt }) => signedAfter === null || signedAt > signedAfter)
    .toSorted((a, b) => b.signedAt - a.signedAt);
  if (newest === undefined) {
    const older = found.length > 0 ? ' Those that name it were signed before this object was made.' : '';
    return {
      allowed: false,
      message: `${because} No merge Approval that holds names sha256:${digest}.${older} ${HELP}`,
    };
  }
  // Logs tell seconds: of two in one nobody knows which was the last word.
  const later = against.find(
    ({ signature, signedAt }) => signature !== newest.signature && signedAt >= newest.signedAt,
  );
  if (later !== undefined)
    return {
      allowed: false,
      message: `${because} Approval ${newest.approval} names it, but ${later.approval}, which was not signed before it, agreed on something else. ${HELP}`,
    };
  const machines = newest.machines.filter((one) => !same(one, newest.human));
  if (machine && machines.length === 0)
    return {
      allowed: false,
      message: `${because} Approval ${newest.approval} names it, and no listed machine signed for its head, which T2 takes beside a person: the workflow that attests has to run.`,
    };
  return { allowed: true, by: newest.approval, attestors: { humans: [newest.human], machines } };
}

const HELP =
  'Bring it through a pull request that a person approves (rig approve ISSUE --scope merge), written as it is applied.';
