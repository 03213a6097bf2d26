export { CODE_OWNERS_PATHS, ownersOf, parseCodeOwners } from './code-owners.ts';
export { type Passes, rulesFor } from './effective.ts';
export { type CheckFact, type MergeFacts, type Unmet, unmetByMerge } from './requirements.ts';
export { type EffectiveRule, RULE_TYPES, Rule, rulesOfType } from './rule.ts';
export { dismissesStale, mergeWords, pushWords, unmetByUpdate } from './updates.ts';
