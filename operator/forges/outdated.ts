/** What a write was decided on is no longer so, or no longer known to be: it was not sent, and is decided again. */
export class Outdated extends Error {
  override readonly name = 'Outdated';
}
