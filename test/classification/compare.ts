// Shows that outlines stand for the texts they were made of: grades each change of one project with its outlines and with the real
// texts of a clone, and names those whose tier differs. Run by hand: `node test/classification/compare.ts PROJECT CLONE`.
import type { ChangedFile } from '#domain';
import { blob } from '../../hack/classification/history.ts';
import { type Entry, readCorpus } from './corpus.ts';
import { gradeEntry, shippedPolicy } from './evaluate.ts';

const [project = '', clone = ''] = process.argv.slice(2);
const entries = readCorpus().filter((entry) => entry.project.project === project);
if (entries.length === 0 || clone === '') {
  console.error('Say a project and the folder of its clone: node test/classification/compare.ts PROJECT CLONE');
  process.exit(2);
}
const policy = shippedPolicy(entries[0]?.project.policy ?? '');
let different = 0;
for (const entry of entries) {
  const outlined = gradeEntry(policy, entry);
  const real = gradeEntry(policy, withTexts(entry));
  if (outlined.tier === real.tier) continue;
  different += 1;
  console.log(
    `${entry.commit}: ${outlined.tier} by its outline (${outlined.reason}), ${real.tier} by its text (${real.reason})`,
  );
}
console.log(`${entries.length} changes of ${project}, ${different} with another tier`);
process.exitCode = different === 0 ? 0 : 1;

function withTexts({ change, base, commit, title }: Entry): Pick<Entry, 'change' | 'title'> {
  return { title, change: { ...change, files: change.files.map((file) => withText(file, base, commit)) } };
}

function withText(file: ChangedFile, base: string, commit: string): ChangedFile {
  const { path, previousPath, oldMode, newMode } = file;
  try {
    const before = oldMode === null ? null : blob(clone, `${base}:${previousPath ?? path}`);
    const after = newMode === null ? null : blob(clone, `${commit}:${path}`);
    return { ...file, content: { before, after } };
  } catch {
    return { ...file, content: 'unreadable' };
  }
}
