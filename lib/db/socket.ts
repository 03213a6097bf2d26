import { Socket } from 'node:net';

/**
 * A socket that sends what is written in one turn of the event loop at once. The client of the database writes every message on its own;
 * each would wake the server, which on a busy machine takes the processor from the writer.
 */
export class GatheringSocket extends Socket {
  #gathering = false;

  override cork(): void {
    super.cork();
    if (this.#gathering) return;
    this.#gathering = true;
    super.cork();
    process.nextTick(() => {
      this.#gathering = false;
      this.uncork();
    });
  }

  // biome-ignore lint/suspicious/noExplicitAny: the overloads of write are those of the base class.
  override write(...args: any[]): boolean {
    if (!this.#gathering) {
      this.cork();
      this.uncork();
    }
    return super.write(...(args as [string]));
  }
}
