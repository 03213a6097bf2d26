import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { isAlive, type Layout, readState } from '#lib/datadir';
import { type CommonOptions, layoutOfOptions, withCommonOptions } from '../options.ts';

/** What git runs and nobody else: it is not in the list of commands. */
export function addGitCredential(program: Command): void {
  withCommonOptions(program.command('git-credential', { hidden: true }))
    .description('answers git with the token for the rig’s own forge, as gitcredentials(7) describes')
    .argument('<operation>', 'get; store and erase do nothing')
    .action(async (operation: string, options: CommonOptions) => {
      const asked = await text(process.stdin);
      if (operation === 'get') process.stdout.write(credentialFor(asked, layoutOfOptions(options)));
    });
}

/**
 * The answer to one question of git's; empty for any place but the rig's own forge, of which git then asks somebody else. Empty as well while the rig is not
 * up: whoever is at its port then is not the forge.
 */
export function credentialFor(asked: string, layout: Layout): string {
  const fields = new Map(asked.split('\n').map((line) => split(line)));
  const state = readState(layout);
  const forge = state?.supervisor && isAlive(state.supervisor) ? state.urls.forge : undefined;
  if (forge === undefined || `${fields.get('protocol')}://${fields.get('host')}` !== forge) return '';
  const token = readFileSync(`${layout.secrets}/forge-token-you`, 'utf8').trim();
  return `username=you\npassword=${token}\n`;
}

function split(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}
