import { differingLines, type FileContent, lines } from './change.ts';

/** Keys of an .editorconfig that say how text is laid out, with a value that reports nothing: a severity would stand behind a colon, and another line behind what only some take for its end. */
const LAYOUT =
  /^\s*(?:[#;][^\u0085\u2028\u2029]*|(?:root|indent_style|indent_size|tab_width|end_of_line|charset|trim_trailing_whitespace|insert_final_newline|max_line_length|quote_type|spelling_language|ij_\w+|csharp_(?:new_line|indent|space|preserve)_\w+|dotnet_(?:sort_system_directives_first|separate_import_directive_groups))\s*=[\t\x20-\x39\x3b-\x7e]*)?$/i;
const HEADING = /^\s*\[[^\u0085\u2028\u2029]*$/;

/**
 * Whether the two sides of an .editorconfig differ in how text is laid out alone: not in what compilers and linters report, nor in the files for which they do. False of any
 * line that is not known.
 */
export function layoutOnly(content: FileContent): boolean {
  const whole = [...lines(content.before), ...lines(content.after)];
  if (whole.every((line) => LAYOUT.test(line) || HEADING.test(line))) return true;
  const { added, removed } = differingLines(content, true);
  return [...added, ...removed].every((line) => LAYOUT.test(line));
}
