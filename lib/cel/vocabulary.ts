/** What a field is: one value; text that is dear to have; a list of plain values; or a list of objects with fields of one value each. */
export type Field = 'value' | 'text' | 'list' | readonly string[];

/** The variables of an expression and their fields. Everything else is refused when the expression is compiled. */
export type Vocabulary = Readonly<Record<string, Readonly<Record<string, Field>>>>;

/** Values that a program is given: whole numbers are CEL's int, others its double. */
export type Data = string | number | boolean | null | readonly Data[] | { readonly [key: string]: Data };
