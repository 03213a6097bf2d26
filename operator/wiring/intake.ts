import { Answers } from '../intake/answers.ts';
import { DeliveryApplier } from '../intake/applier.ts';
import { CommandIntake } from '../intake/commands.ts';
import { IssueIntake } from '../intake/issues.ts';
import { Payloads } from '../intake/payloads.ts';
import type { Conductor } from '../issues/context.ts';
import { RepositoryController } from '../repositories/controller.ts';
import type { Base } from './base.ts';

/** What the forge tells, and what is answered: deliveries, commands, listings. */
export function openIntake(
  { config, logger, metrics, intakeClient }: Base,
  conductor: Conductor,
  onAffected: (issue: { namespace: string; name: string }) => void,
) {
  const intake = new IssueIntake(conductor, intakeClient);
  const answers = new Answers({ conductor, logger });
  const commands = new CommandIntake(conductor, () => answers.kick());
  const { resyncMs } = config;
  const repositories = new RepositoryController(conductor, logger, { intake, commands, onAffected }, { resyncMs });
  const payloads = new Payloads();
  const applier = new DeliveryApplier({
    conductor,
    intake,
    commands,
    payloads,
    onRepository: (repository) => repositories.poke(repository),
    onAffected,
    logger,
    metrics,
  });
  return { answers, applier, payloads, repositories };
}
