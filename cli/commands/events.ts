import type { Command } from 'commander';
export function addEvents(_program: Command): void {}
