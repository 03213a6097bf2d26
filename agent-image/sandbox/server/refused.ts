/** A call that cannot be done as asked; its message goes back to the model. */
export class Refused extends Error {
  override name = 'Refused';
}
