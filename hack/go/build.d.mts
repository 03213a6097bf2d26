export type BinaryName =
  | 'controlplane'
  | 'kubelet'
  | 'kstatus'
  | 'cosign'
  | 'kyverno'
  | 'prometheus'
  | 'helm'
  | 'actionlint'
  | 'kustomize-controller';

export declare class BuildError extends Error {
  readonly code: 'NoGo' | 'GoTooOld' | 'BuildFailed' | 'UnknownBinary';
}

export declare function cacheDir(env?: NodeJS.ProcessEnv): string;

export declare function ensureBinary(
  name: BinaryName,
  options?: { onProgress?: (line: string) => void; env?: NodeJS.ProcessEnv },
): Promise<string>;
