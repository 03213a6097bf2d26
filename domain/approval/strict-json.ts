/** What a text holds, or why nobody should read it: parsers that disagree about it would see different things. */
export type StrictJSON = { readonly value: unknown } | { readonly refused: string };

const MAX_DEPTH = 64;

/** Reads JSON that every parser reads alike: no member twice in one object, no half of a surrogate pair, not too deep. */
export function strictJSON(text: string): StrictJSON {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { refused: 'it is not JSON' };
  }
  const refused = scan(text);
  return refused === null ? { value } : { refused };
}

/** Walks the tokens of a text that is JSON already. */
function scan(text: string): string | null {
  // One entry for each open bracket: the members so far of an object, null for an array.
  const open: (Set<string> | null)[] = [];
  const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [word] = match;
    if (word === '{') open.push(new Set());
    else if (word === '[') open.push(null);
    else if (word === '}' || word === ']') open.pop();
    else {
      const refused = string(word, text, token.lastIndex, open.at(-1) ?? null);
      if (refused !== null) return refused;
    }
    if (open.length > MAX_DEPTH) return `it is nested more than ${MAX_DEPTH} deep`;
  }
  return null;
}

function string(word: string, text: string, end: number, members: Set<string> | null): string | null {
  const content = JSON.parse(word) as string;
  if (!content.isWellFormed()) return 'a text in it holds half of a surrogate pair';
  // In valid JSON only the name of a member is followed by a colon, behind however much space.
  const colon = /[ \t\r\n]*:/y;
  colon.lastIndex = end;
  if (members === null || !colon.test(text)) return null;
  if (members.has(content)) return `it has the member ${JSON.stringify(content)} twice`;
  members.add(content);
  return null;
}
