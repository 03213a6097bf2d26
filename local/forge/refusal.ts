/** One entry of GitHub's `errors` list. */
export interface FieldError {
  readonly resource?: string;
  readonly field?: string;
  readonly code: string;
  readonly message?: string;
}

/** A request the forge refuses the way GitHub would: status, message, and for 422 which fields and why. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly status: number;
  readonly errors: readonly (FieldError | string)[] | undefined;

  constructor(status: number, message: string, errors?: readonly (FieldError | string)[]) {
    super(message);
    this.status = status;
    this.errors = errors;
  }

  get body() {
    return {
      message: this.message,
      ...(this.errors === undefined ? {} : { errors: this.errors }),
      documentation_url: 'https://docs.github.com/rest',
      status: String(this.status),
    };
  }
}

export const notFound = () => new Refusal(404, 'Not Found');
export const forbidden = (message = 'Resource not accessible by personal access token') => new Refusal(403, message);

/** 422 about one field, `code` being one of GitHub's: missing, missing_field, invalid, already_exists, unprocessable, custom. */
export function invalid(resource: string, field: string, code = 'invalid', message?: string): Refusal {
  const error = { resource, field, code, ...(message === undefined ? {} : { message }) };
  return new Refusal(422, 'Validation Failed', [error]);
}

/** 422 with a sentence, as GitHub says what no field alone explains. */
export function unprocessable(resource: string, message: string): Refusal {
  return new Refusal(422, 'Validation Failed', [{ resource, code: 'custom', message }]);
}

/** 501 with the operation's name: GitHub has it, this forge does not. */
export function notServed(operation: string): Refusal {
  return new Refusal(501, `The loopback forge does not serve ${operation}`);
}
