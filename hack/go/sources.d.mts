export declare function sourceFiles(dir: string): string[];
export declare function sourceHash(dir: string, inputs: readonly string[]): string;
export declare function readGoMod(dir: string, requirement: string): { go?: string; version?: string };
