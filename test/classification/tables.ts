import { figures, type Graded, type GradedTwice, gradedLower, TIERS, type TierFigures } from './evaluate.ts';

const BEGIN = '<!-- figures: node test/classification/main.ts -->';
const END = '<!-- /figures -->';
const HALVES = {
  first: 'First projects',
  later: 'Later projects',
  last: 'Last projects',
  unseen: 'Unseen projects',
} as const;

/** The document with its figures written anew. Throws where it has no place for them. */
export function drawFigures(text: string, { titled, untitled }: GradedTwice): string {
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`the document has no ${BEGIN} … ${END}`);
  const halves = Object.entries(HALVES).map(([half, title]) => {
    const of = (graded: readonly Graded[]) => graded.filter(({ entry }) => entry.project.half === half);
    return drawHalf(title, of(titled), of(untitled));
  });
  return `${before}${BEGIN}\n${halves.join('\n\n')}\n${END}${after}`;
}

function drawHalf(title: string, titled: readonly Graded[], untitled: readonly Graded[]): string {
  const projects = [...new Set(titled.map(({ entry }) => entry.project.project))].join(', ');
  return [
    `### ${title}: ${titled.length} changes of ${projects}`,
    'With the title of the commit:',
    drawTable(titled),
    'Without any title:',
    drawTable(untitled),
  ].join('\n\n');
}

function drawTable(graded: readonly Graded[]): string {
  return [
    `| label | changes | ${TIERS.map((tier) => `graded ${tier}`).join(' | ')} | precision | recall |`,
    `|---|---|${TIERS.map(() => '---|').join('')}---|---|`,
    ...figures(graded).map((one) => drawRow(one, graded)),
    '',
    `Labelled T3 and graded lower: ${gradedLower(graded, 'T3').length}.`,
  ].join('\n');
}

function drawRow({ tier, labelled, precision, recall }: TierFigures, graded: readonly Graded[]): string {
  const cells = TIERS.map(
    (given) => graded.filter(({ entry, grade }) => entry.label.tier === tier && grade.tier === given).length,
  );
  return `| ${tier} | ${labelled} | ${cells.join(' | ')} | ${share(precision)} | ${share(recall)} |`;
}

const share = (value: number | null) => (value === null ? '–' : value.toFixed(2));
