import { conditionTypes, reasons } from '#crds';
import { table } from './sections.ts';

/** `docs/reasons.md`: every condition type and every reason of the registries. */
export function reasonsDocument(): string {
  const conditions = Object.entries(conditionTypes).map(([name, { meaning, polarity, kinds }]) => [
    `\`${name}\``,
    polarity === 'normal-true' ? 'always there' : 'only while it is True',
    kinds.join(', '),
    meaning,
  ]);
  const causes = Object.entries(reasons)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, sentence]) => [`\`${name}\``, sentence]);
  return `<!-- Generated from crds/conditions.ts and crds/reasons.ts by hack/generate. Do not edit. -->
# Conditions and reasons

## Conditions
${table(['type', 'present', 'on', 'True means'], conditions)}

## Reasons
The words in the conditions, gates, outcomes and events of every kind.

${table(['reason', 'meaning'], causes)}
`;
}
