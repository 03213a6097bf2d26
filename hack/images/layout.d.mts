export declare function layOut(root: string, name: string, folder: string): Promise<void>;
