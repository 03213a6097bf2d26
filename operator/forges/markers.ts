/** Hidden in what is written, so that a repeated call finds what it made: nobody else's text is taken for it, see `Forge`. */
export function marker(kind: string, id: string): string {
  return `<!-- rig:${kind}:${id} -->`;
}

/** Marker of an issue that was filed for an Issue object; intake reads it back. */
export function issueMarker(uid: string): string {
  return `<!-- rig:${uid} -->`;
}

/** The uid in an {@link issueMarker}, the last one where a text has several: ours is put at the end. Null where there is none. */
export function markedUid(body: string): string | null {
  return [...body.matchAll(/<!-- rig:([0-9a-f-]{36}) -->/g)].at(-1)?.[1] ?? null;
}

/** The text with marks in it broken, so that it cannot pass for something the rig wrote under that mark. */
export function unmarked(text: string): string {
  return text.replaceAll('<!-- rig:', '<!-- rig ');
}
