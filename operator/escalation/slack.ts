import type { Notice } from '#domain';
import { cutText, legible } from '#lib/kube';
import type { Message } from './post.ts';

const HEADINGS: Readonly<Record<Notice['type'], string>> = {
  'human_gate.triggered': 'A person is needed',
  'human_gate.reminded': 'A person is still needed',
  'agent.stuck': 'An agent is stuck',
};
/** Longest text of a block, as Slack has it, less what stands around it. */
const BLOCK_MAX = 2_800;

/**
 * A notice for an incoming webhook of Slack, or of what speaks its format. Only the link to the issue is markup; all that others wrote is plain
 * text that neither calls anybody nor links anywhere, also at receivers that read Markdown in it.
 */
export function slackMessage(notice: Notice): Message {
  const { issue, namespace, number, reason, reminder, since } = notice;
  const heading = `${HEADINGS[notice.type]}${reminder > 0 ? ` (reminder ${reminder})` : ''}`;
  const where = `${namespace}/${issue}${number === null ? '' : ` (#${number})`}`;
  const ack = `rig ack ${issue} --namespace ${namespace}`;
  const [title, message] = [harmless(notice.title), harmless(notice.message)];
  const context = `${reason}, since ${new Date(since).toISOString().slice(0, 16)}Z. Seen to: ${ack}`;
  const text = [`${heading}: ${where}`, title, message, context, ...(notice.url === null ? [] : [notice.url])];
  const body = JSON.stringify({
    text: escaped(text.join('\n')),
    mrkdwn: false,
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: plainText(`${heading}: ${where}`, 150) },
      { type: 'section', text: plainText(`${title}\n${message}`, BLOCK_MAX) },
      ...linkTo(notice.url),
      { type: 'context', elements: [plainText(context, BLOCK_MAX)] },
    ],
  });
  return { headers: {}, body };
}

function plainText(text: string, limit: number): object {
  return { type: 'plain_text', text: cutText(text, limit), emoji: false };
}

function linkTo(url: string | null): object[] {
  const href = url === null ? undefined : URL.parse(url)?.href;
  if (href === undefined) return [];
  const target = escaped(href).replaceAll('|', '%7C');
  return [{ type: 'section', text: { type: 'mrkdwn', text: `<${target}|Open the issue>`, verbatim: true } }];
}

/** The three characters that are markup to Slack. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Does not join what it stands between for a machine, and is not seen by people. */
const BREAK = '\u2060';

/** Others' words: legible, and nothing in them is a mention or a link to any reader of messages. */
function harmless(text: string): string {
  return legible(text)
    .replace(/@(?=\S)/g, `@${BREAK}`)
    .replace(/:(?=\/\/)/g, `:${BREAK}`)
    .replace(/\b(www|mailto)(?=[.:])/gi, `$1${BREAK}`)
    .replace(/\](?=[([])/g, `]${BREAK}`)
    .replace(/<(?=[!@#])/g, `<${BREAK}`);
}
