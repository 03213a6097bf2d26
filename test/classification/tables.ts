import { figures, type Graded, gradedLower, TIERS, type TierFigures } from './evaluate.ts';

const BEGIN = '<!-- figures: node test/classification/main.ts -->';
const END = '<!-- /figures -->';
const HALVES = { development: 'Development half', 'held-out': 'Held-out half' } as const;

/** The document with its figures written anew. Throws where it has no place for them. */
export function drawFigures(text: string, graded: readonly Graded[]): string {
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`the document has no ${BEGIN} … ${END}`);
  const halves = Object.entries(HALVES).map(([half, title]) =>
    drawHalf(
      title,
      graded.filter(({ entry }) => entry.project.half === half),
    ),
  );
  return `${before}${BEGIN}\n${halves.join('\n\n')}\n${END}${after}`;
}

function drawHalf(title: string, graded: readonly Graded[]): string {
  const projects = [...new Set(graded.map(({ entry }) => entry.project.project))].join(', ');
  const rows = figures(graded).map((one) => drawRow(one, graded));
  return [
    `### ${title}: ${graded.length} changes of ${projects}`,
    '',
    `| label | changes | ${TIERS.map((tier) => `graded ${tier}`).join(' | ')} | precision | recall |`,
    `|---|---|${TIERS.map(() => '---|').join('')}---|---|`,
    ...rows,
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
