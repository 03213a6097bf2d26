import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { Person } from './tokens.ts';

type Page = HtmlEscapedString | Promise<HtmlEscapedString>;

/** What a form carries from one page to the next. */
export type Hidden = Readonly<Record<string, string>>;

function page(title: string, body: Page): Page {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <title>${title}</title>
    <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem; }
      input, button { font: inherit; padding: 0.4rem 0.6rem; }
      code { background: #8882; padding: 0 0.2rem; }
      .no { color: #b00; }
    </style>
  </head>
  <body><main><h1>${title}</h1>${body}</main></body>
</html>`;
}

/** Asks who is there for their sign-in code. */
export function signInPage(
  action: string,
  { person, codeFile, hidden, refused }: { person: Person; codeFile: string; hidden: Hidden; refused: boolean },
): Page {
  const fields = Object.entries(hidden).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  );
  return page(
    'Sign in to approve',
    html`<p>A program on this machine wants to sign an approval as <strong>${person.email}</strong>.</p>
      ${refused ? html`<p class="no" role="alert">That is not the sign-in code.</p>` : ''}
      <form method="post" action="${action}">
        ${fields}
        <p><label for="code">Sign-in code</label><br /><input id="code" name="sign_in_code" type="password" autocomplete="off" size="50" required autofocus /></p>
        <p>It is in the file <code>${codeFile}</code>, which only you can read.</p>
        <p><button type="submit">Sign in</button></p>
      </form>`,
  );
}

/** Asks for the code that a device shows, and for the sign-in code. */
export function devicePage(options: { person: Person; codeFile: string; refused: boolean }): Page {
  return page(
    'Sign in on another device',
    html`<p>
        <strong>Only if you have just started to sign something yourself</strong>, as with <code>rig approve</code>, and only with the code that
        your own terminal shows. Whoever began with that code will sign as <strong>${options.person.email}</strong>, whatever they like. If a
        comment, a message or an agent brought you here, close this page.
      </p>
      ${options.refused ? html`<p class="no" role="alert">One of the codes is not right.</p>` : ''}
      <form method="post" action="/device">
        <p><label for="user">Code of the device</label><br /><input id="user" name="user_code" autocomplete="off" required /></p>
        <p><label for="code">Sign-in code</label><br /><input id="code" name="sign_in_code" type="password" autocomplete="off" size="50" required /></p>
        <p>The sign-in code is in the file <code>${options.codeFile}</code>, which only you can read.</p>
        <p><button type="submit">Sign in</button></p>
      </form>`,
  );
}

/** Says that it is done, or why nothing is. */
export function sayPage(title: string, sentence: string): Page {
  return page(title, html`<p>${sentence}</p>`);
}
