/**
 * Names under which a provider offers a model, by the id with which that model answers. A name that is not here is a model of its own: a new
 * line gives trust earned under one name to another, so it is reviewed like code.
 */
export const modelAliases: Readonly<Record<string, string>> = {
  'claude-opus-4-0': 'claude-opus-4-20250514',
  'claude-opus-4-1': 'claude-opus-4-1-20250805',
  'claude-opus-4-5': 'claude-opus-4-5-20251101',
  'claude-sonnet-4-0': 'claude-sonnet-4-20250514',
  'claude-sonnet-4-5': 'claude-sonnet-4-5-20250929',
  'claude-haiku-4-5': 'claude-haiku-4-5-20251001',
  'gpt-4.1': 'gpt-4.1-2025-04-14',
  'gpt-4.1-mini': 'gpt-4.1-mini-2025-04-14',
  'gpt-5': 'gpt-5-2025-08-07',
  'gpt-5-mini': 'gpt-5-mini-2025-08-07',
};

/** The model that an id means, as it is named in the ledger. */
export function modelOf(id: string): string {
  return Object.hasOwn(modelAliases, id) ? modelAliases[id]! : id;
}
