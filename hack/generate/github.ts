import { deliveries, effects, HOOK_EVENTS } from '#lib/forge';
import { commandList } from '../../operator/intake/command-line.ts';
import { replaceSection, table } from './sections.ts';

/** `docs/github.md`: the tables that intake dispatches on, in the words of people. */
export function githubDocument(current: string): string {
  const sections = {
    commands: table(
      ['command', 'what it does'],
      commandList.map(([line, does]) => [`\`${line}\``, `${does}.`]),
    ),
    subscribed: HOOK_EVENTS.map((event) => `\`${event}\``).join(', '),
    effects: table(
      ['effect', 'what is done'],
      Object.entries(effects).map(([effect, does]) => [`\`${effect}\``, does]),
    ),
    deliveries: table(['event', 'actions', 'effect'], rows()),
  };
  return Object.entries(sections).reduce((text, [name, content]) => replaceSection(text, name, content), current);
}

/** Actions of one event that have the same rule share a row. */
function rows(): string[][] {
  return Object.entries(deliveries)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([event, rules]) => {
      const alike = Map.groupBy(Object.entries(rules), ([, rule]) => effectOf(rule));
      return [...alike].map(([effect, same]) => [
        `\`${event}\``,
        same.flatMap(([actions]) => actions.split(' ').map(said)).join(', '),
        effect,
      ]);
    });
}

function said(action: string): string {
  if (action === '*') return 'other';
  return action === '-' ? '(none)' : `\`${action}\``;
}

function effectOf(rule: (typeof deliveries)[string][string]): string {
  return typeof rule === 'string' ? `ignored: ${rule}` : `applied: ${rule.map((effect) => `\`${effect}\``).join(', ')}`;
}
