export declare function sourcesOf(root: string, entries: readonly string[]): { files: string[]; packages: string[] };
