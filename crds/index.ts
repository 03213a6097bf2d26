export * from './child-name.ts';
export * from './conditions.ts';
export * from './definitions.ts';
export * from './names.ts';
export * from './object.ts';
export * from './reasons.ts';
export * from './resources.ts';
export * from './types.gen.ts';
