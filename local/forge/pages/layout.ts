import { html } from 'hono/html';
import type { Context } from '../context.ts';

const STYLE =
  'body{font:16px/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f6f8fa;padding:.7rem}h2{margin-top:2rem}';

/** No scripts, nothing from elsewhere: what people wrote is text. */
export const SECURITY = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  'x-content-type-options': 'nosniff',
};

export type Html = ReturnType<typeof html>;

/** A page. Everything put into `html` is escaped, the title too. */
export const frame = (title: string, body: Html): Html => html`<!doctype html>
  <html lang="en">
    <head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head>
    <body>${body}</body>
  </html>`;

export const login = (ctx: Context, id: number | null): string =>
  id === null ? '' : (ctx.store.users.get(id)?.login ?? 'ghost');

/** A link to an address if it is one of the web; else the text alone: what a deployment or a check names is a stranger's word. */
export function link(address: string, text = address): Html {
  const known = /^https?:$/.test(URL.parse(address)?.protocol ?? '');
  return known ? html`<a href="${address}" rel="noreferrer">${text}</a>` : html`${text}`;
}
