/**
 * Marks `text` as data from `source`. Every opening or closing mark inside the text is made harmless, so the text cannot end its own
 * fence; nothing random is used, so that equal input gives an equal prompt and the provider's cache holds.
 */
export function fenced(source: string, text: string): string {
  const label = source.replace(/[^\w .,:/#()-]/g, ' ');
  const harmless = text.replace(/<(?=[\s/\u200b-\u200f\u2060\ufeff]*untrusted)/gi, '&lt;');
  return `<untrusted source="${label}">\n${harmless}\n</untrusted>`;
}
