export declare function layOut(root: string, name: string, folder: string): Promise<void>;

export declare function writeSBOM(folder: string): Promise<void>;
