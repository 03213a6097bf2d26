import assert from 'node:assert/strict';

/** What somebody may write who wants a shell, a database, a parser, a terminal or a reader to do something; `canary` is a path to be made. */
export function hostileText(canary: string): string {
  return [
    `$(touch ${canary}) \`touch ${canary}\` ; touch ${canary} | tee && "'\\`,
    '\'; DROP TABLE deliveries; -- " OR 1=1',
    'key: &a [*a, !!js/function "x"]\n---\n- {{ .Values }}',
    '# Done <script>alert(1)</script> [ok](javascript:alert(1)) ![x](https://rig.invalid/x.png) <!-- rig:0 --> @everyone',
    'Closes #1, fixes local/other#2 [skip ci]',
    '\u001b[2J\u001b[31mDone\u0007\b\u009b1m\r\u202egnp.exe\u2066 \u2028 \ud83d\ude00',
  ].join('\n');
}

/** Lets through what moves no cursor and turns no line around; line feeds and tabs part what is shown. */
export function assertPlain(text: string, what: string): void {
  const found = /[^\P{Cc}\t\n]|\p{Bidi_Control}/u.exec(text);
  assert.equal(
    found?.[0],
    undefined,
    `${what} has U+${found?.[0].charCodeAt(0).toString(16)}: ${JSON.stringify(text)}`,
  );
}
