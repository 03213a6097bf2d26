import type { Issue, Repository } from '#crds';
import { decideCommand } from '#domain';
import type { Actor, CommentUpdate } from '#lib/forge';
import type { KubeObject } from '#lib/kube';
import { forgeHost } from '../forges/forges.ts';
import type { Conductor } from '../issues/context.ts';
import { Subjects } from '../issues/subject.ts';
import { workedOf } from '../issues/twins.ts';
import { issuesOf, numberOf } from '../objects.ts';
import type { SubjectName } from '../store/project.ts';
import { putAnswer } from './answers.ts';
import { commandList, type Spoken, spokenIn } from './command-line.ts';
import { standingOf } from './people.ts';

/** One comment with a command in it, and the Issue that it is about; undefined where none stands for what was commented on. */
interface Asked {
  readonly repository: Repository & KubeObject;
  readonly issue: (Issue & KubeObject) | undefined;
  readonly update: CommentUpdate;
  readonly spoken: Spoken;
  readonly by: Actor;
  readonly delivery: string;
}

/** Takes what people command in comments: each comment once, and each is answered under it. */
export class CommandIntake {
  readonly #conductor: Conductor;
  readonly #onAnswer: () => void;

  /** `onAnswer` is called when there is an answer to send. */
  constructor(conductor: Conductor, onAnswer: () => void) {
    this.#conductor = conductor;
    this.#onAnswer = onAnswer;
  }

  /** Answers one sentence about what became of the comment. Taking a comment again acts no second time. Rejects where forge or database do not answer. */
  async take(repository: Repository & KubeObject, update: CommentUpdate, delivery: string): Promise<string> {
    const spoken = spokenIn(update.facts.body);
    const by = update.actor;
    if (spoken === null) return 'It commands nothing.';
    if (by === null || by.id !== update.facts.author.id) return 'Whose command it is cannot be told.';
    const issue = this.#issueOf(repository, update);
    const standing = await standingOf(this.#conductor, repository, update, by, { said: true });
    const asked = { repository, issue, update, spoken, by, delivery };
    if (!standing.may)
      return standing.machine ? `${standing.why}, so it is not heard.` : this.#turnAway(asked, standing.why);
    return issue === undefined ? this.#unfollowed(asked) : this.#command(asked, issue);
  }

  /** A pull request's conversation is about the Issue that is worked on in it: that of an attempt before is over. */
  #issueOf(repository: Repository, { number, onPullRequest }: CommentUpdate): (Issue & KubeObject) | undefined {
    return workedOf(
      issuesOf(this.#conductor.objects, repository.metadata.namespace!, repository.metadata.name!).filter(
        (issue) => number === (onPullRequest ? issue.status?.pullRequest?.number : numberOf(issue)),
      ),
    );
  }

  /** Who may not write is told so once for each issue, behind all that is told to others: their comments are to cost nobody anything. */
  async #turnAway(asked: Asked, why: string): Promise<string> {
    if (asked.issue === undefined) return `${why}, so it is not heard.`;
    const subject = await new Subjects().of(this.#conductor, asked.issue);
    const text = `This is not taken: ${why}. Only people with write permission command the rig.`;
    const key = `command-refused/${subject.id}/${asked.by.id}`;
    await putAnswer(this.#conductor.log.pool, { ...this.#answer(asked, subject.id, text), key, refusal: true });
    this.#onAnswer();
    return `${why}, so it is not heard.`;
  }

  async #unfollowed(asked: Asked): Promise<string> {
    const { repository, update } = asked;
    const text = update.onPullRequest
      ? 'No Issue of the rig is worked on in this pull request (any more); a command is heard in the one that an Issue has now, and in its issue.'
      : `No Issue of the rig stands for this; put the label ${repository.spec.intakeLabel} on to have it worked.`;
    const answer = this.#answer(asked, `repository/${repository.metadata.uid}`, text);
    await putAnswer(this.#conductor.log.pool, { ...answer, key: this.#key(asked), refusal: false });
    this.#onAnswer();
    return text;
  }

  async #command(asked: Asked, issue: Issue & KubeObject): Promise<string> {
    const subject = await new Subjects().of(this.#conductor, issue);
    const answer = await this.#record(asked, subject);
    this.#onAnswer();
    return `${asked.by.login} said ${asked.spoken.said}: ${answer}`;
  }

  /** Decides once, with the answer written beside the events: whatever the issue has come to when it is sent. */
  async #record(asked: Asked, subject: SubjectName): Promise<string> {
    const { spoken, by, update, repository, delivery } = asked;
    const cause = {
      actor: { kind: 'person', name: by.login },
      causation: { kind: 'delivery', id: delivery },
    } as const;
    const id = [forgeHost(repository), update.repositoryId, update.facts.id];
    const { value } = await this.#conductor.log.record(subject, cause, async (state, tx) => {
      const { rows } = await tx.query(
        'SELECT answer FROM commands WHERE host = $1 AND repository_id = $2 AND comment_id = $3',
        id,
      );
      const say = (text: string) =>
        putAnswer(tx, { ...this.#answer(asked, subject.id, text), key: this.#key(asked), refusal: false });
      if (rows[0] !== undefined) {
        await say(rows[0].answer);
        return { events: [], value: rows[0].answer as string };
      }
      const { command, said } = spoken;
      const decision = command === null ? unknown : decideCommand(state, { command, by, comment: update.facts.id });
      await tx.query(
        `INSERT INTO commands (host, repository_id, comment_id, subject, actor, command, accepted, answer, delivery)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [...id, subject.id, JSON.stringify(by), said, decision.accepted, decision.message, delivery],
      );
      await say(decision.message);
      return { events: decision.accepted ? decision.events : [], value: decision.message };
    });
    return value;
  }

  #key({ repository, update }: Asked): string {
    return `command/${forgeHost(repository)}/${update.repositoryId}/${update.facts.id}`;
  }

  /** Repositories are known by their objects: by the time it is sent they may be called otherwise at the forge. */
  #answer({ repository, update, spoken }: Asked, subject: string, text: string) {
    const { namespace, name } = repository.metadata as { namespace: string; name: string };
    const body = `> \`${spoken.said}\`\n\n${text}`;
    return { namespace, repository: name, number: update.number, subject, body };
  }
}

const unknown = {
  accepted: false,
  message: `That is no command. These are:\n\n${commandList.map(([line, does]) => `- \`${line}\` ${does}`).join('\n')}`,
} as const;
