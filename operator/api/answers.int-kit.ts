import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { openapi } from './openapi.ts';

interface Described {
  readonly content?: Record<string, { readonly schema?: object }>;
}
type Paths = Record<string, Record<string, { readonly responses: Record<string, Described> }>>;

/** Holds answers of the API against its own document. */
export class Answers {
  readonly #paths = (openapi() as { paths: Paths }).paths;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #validators = new Map<object, ValidateFunction>();
  /** Every `METHOD path status` that was met. */
  readonly met = new Set<string>();

  /** One sentence on what the document does not say of this answer; null where it holds. */
  fault(method: string, path: string, answer: { status: number; type: string | null; text: string }): string | null {
    const template = this.templateOf(path);
    const operation = template === undefined ? undefined : this.#paths[template]?.[method.toLowerCase()];
    if (operation === undefined)
      return answer.status === 404 ? null : `${method} ${path}: ${answer.status}, and no such route`;
    this.met.add(`${method} ${template} ${answer.status}`);
    const described =
      operation.responses[answer.status] ?? (answer.status === 503 ? operation.responses['200'] : undefined);
    if (described === undefined)
      return `${method} ${template}: ${answer.status} is not described: ${answer.text.slice(0, 200)}`;
    const type = answer.type?.split(';')[0] ?? '';
    const schema = described.content?.[type]?.schema;
    if (schema === undefined || !type.includes('json')) return null;
    const validate = this.#validators.get(schema) ?? this.#ajv.compile(schema);
    this.#validators.set(schema, validate);
    return validate(JSON.parse(answer.text))
      ? null
      : `${method} ${template} ${answer.status}: ${this.#ajv.errorsText(validate.errors)}`;
  }

  /** The path of the document that a request's path is one of. */
  templateOf(path: string): string | undefined {
    const asked = path.split('?')[0]!.split('/');
    return Object.keys(this.#paths).find((template) => {
      const parts = template.split('/');
      return (
        parts.length === asked.length &&
        parts.every((part, at) => (part.startsWith('{') ? asked[at] !== '' : part === asked[at]))
      );
    });
  }

  routes(): { method: string; path: string }[] {
    return Object.entries(this.#paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => ({ method: method.toUpperCase(), path })),
    );
  }
}
