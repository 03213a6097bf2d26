import { runGit } from './run.ts';

/** The two questions that rules about a change of a ref ask of git. */
export interface Ancestry {
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /** Whether `next` has merges that `old` lacks, or any branch when `old` is null. */
  addsMerges(old: string | null, next: string): Promise<boolean>;
}

/** {@link Ancestry} of a repository; `objects` is git's environment that says where a push's objects are kept until it is taken. */
export function objectsApart(gitDir: string, objects: Readonly<Record<string, string>> = {}): Ancestry {
  const env = Object.fromEntries(Object.entries(objects).filter(([, value]) => value !== ''));
  return {
    isAncestor: async (ancestor, descendant) => {
      const args = ['merge-base', '--is-ancestor', ancestor, descendant];
      return (await runGit(gitDir, args, { accept: [0, 1], env })).code === 0;
    },
    addsMerges: async (old, next) => {
      const range = old === null ? [next, '--not', '--branches'] : [next, `^${old}`];
      const { stdout } = await runGit(gitDir, ['rev-list', '-1', '--min-parents=2', ...range], { env });
      return stdout.length > 0;
    },
  };
}
