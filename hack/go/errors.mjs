// What can go wrong while building, each as one sentence a person can act on.

/** Carries a `code`: NoGo, GoTooOld, BuildFailed or UnknownBinary. The message is meant to be shown as it is. */
export class BuildError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'BuildError';
    this.code = code;
  }
}

export const unknownBinary = (name, known) =>
  new BuildError('UnknownBinary', `There is no Go program "${name}" here; the programs are ${known.join(' and ')}.`);

export const noGo = (name, wanted) =>
  new BuildError(
    'NoGo',
    `Go is not on this machine (no "go" on the PATH), and ${name} is built from source once: install Go 1.21 or newer ` +
      `from https://go.dev/dl/ or your package manager and start again (Go ${wanted} itself is then fetched automatically, ` +
      'unless GOTOOLCHAIN=local forbids it).',
  );

export const goTooOld = (name, wanted, detail) =>
  new BuildError(
    'GoTooOld',
    `The Go on this machine is too old to build ${name}, which needs Go ${wanted} (${detail}): install it from ` +
      'https://go.dev/dl/, or, with Go 1.21 or newer, unset GOTOOLCHAIN so that Go may fetch it by itself.',
  );

export const buildFailed = (name, command, lines) =>
  new BuildError(
    'BuildFailed',
    `Building ${name} failed (${command}); the last lines were:\n${lines.map((line) => `  ${line}`).join('\n')}\n` +
      'A download that was cut short can simply be started again.',
  );
