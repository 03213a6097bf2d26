/** A set-up that cannot go on; the message is one sentence for a person, shown as it is, or empty where it was said already. */
export class SetupError extends Error {
  name = 'SetupError';
}
