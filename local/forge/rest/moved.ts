import type { Context } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { RepositoryRow } from '../store/index.ts';

/** A repository that goes by another name now: 301 for what reads, 307 for what writes, to its number, which never changes. */
export class Moved extends Refusal {
  readonly location: string;

  constructor(ctx: Context, repo: RepositoryRow, method: string, rest: string) {
    const reads = method === 'GET' || method === 'HEAD';
    super(reads ? 301 : 307, reads ? 'Moved Permanently' : 'Temporary Redirect');
    this.location = `${ctx.api}/repositories/${repo.id}${rest}`;
  }

  override get body() {
    return { ...super.body, url: this.location };
  }
}
