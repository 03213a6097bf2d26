import type { ChaosRig } from './rig.ts';

export interface RigReplay {
  readonly differs: boolean;
  /** What the command said. */
  readonly said: string;
}

/** `rig replay`: whether every projection and status is what the events say. */
export async function replayDiffers({ hands }: ChaosRig): Promise<RigReplay> {
  const { code, stdout, stderr } = await hands.rig('replay');
  return { differs: code !== 0, said: `${stdout}${stderr}`.trim() };
}
