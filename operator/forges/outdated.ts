/** What a write was decided on is no longer so, or no longer known to be: it was not sent, and is decided again. */
export class Outdated extends Error {
  override readonly name = 'Outdated';
}

/** Whoever asked for a write may not any more: it was not sent. Another may ask for it under the same key. */
export class NoLongerAsked extends Error {
  override readonly name = 'NoLongerAsked';
}
