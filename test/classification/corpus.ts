import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChangedFile, ChangeFacts } from '#domain';
import type { FileFacts, ChangeFacts as Recorded } from '../../hack/classification/history.ts';

type Tier = 'T0' | 'T1' | 'T2' | 'T3';

/** A public project whose history is used; all changes of one are in the same half. */
export interface Project {
  readonly project: string;
  readonly repository: string;
  readonly licence: string;
  /** Rules were written by what the first ten projects showed, and mended by five later ones, and by the last six; no rule was ever changed by the unseen ones. */
  readonly half: 'first' | 'later' | 'last' | 'unseen';
  /** The commits that `hack/classification/pick.ts` drew from; left out where changes were picked by hand. */
  readonly drawnFrom?: string;
  /** The shipped policy that grades it: a file in policies/tiers. */
  readonly policy: string;
}

/** What a reader of the change said of it before any rule was run. */
export interface Label {
  readonly commit: string;
  readonly tier: Tier;
  readonly taskClass: string;
  readonly why: string;
}

/** One real change. */
export interface Entry {
  readonly project: Project;
  readonly commit: string;
  readonly base: string;
  readonly title: string;
  readonly change: ChangeFacts;
  readonly label: Label;
}

const DATA = join(import.meta.dirname, 'testdata');
const read = (...path: string[]) => JSON.parse(readFileSync(join(DATA, ...path), 'utf8'));

/** Every change of every project, in the order of the files. Throws where a change has no label, or a label no change. */
export function readCorpus(): Entry[] {
  return (read('projects.json') as Project[]).flatMap((project) => {
    const labels: Label[] = read('labels', `${project.project}.json`);
    const changes: Recorded[] = read('changes', `${project.project}.json`);
    if (labels.length !== changes.length)
      throw new Error(`${project.project} has changes without a label, or labels alone`);
    return changes.map(({ commit, base, title, files }, index) => {
      const label = labels[index];
      if (label?.commit !== commit) throw new Error(`${project.project}: ${commit} is not labelled at its place`);
      return { project, commit, base, title, label, change: { complete: true, files: files.map(changedFile) } };
    });
  });
}

/** A file as rules see it; outlines stand for its text. */
export function changedFile({ outline, status, ...facts }: FileFacts): ChangedFile {
  const file = { ...facts, status: status === 'typechanged' ? ('type' as const) : status };
  return outline === undefined ? file : { ...file, content: outline };
}
