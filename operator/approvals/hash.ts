import { createHash } from 'node:crypto';

/** The hash that rules are given: sha256 of a text's UTF-8, in lower-case hex. */
export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
