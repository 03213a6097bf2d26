export interface Image {
  readonly entry: string;
  readonly also: readonly string[];
  readonly data: readonly string[];
}

export type ImageName = 'conductor' | 'proxy' | 'egress' | 'verifier' | 'agent-runtime';

export declare const images: Readonly<Record<ImageName, Image>>;
