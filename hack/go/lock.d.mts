export declare function tryLock(file: string): true | number;
export declare function unlock(file: string): void;
