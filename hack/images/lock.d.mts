interface Lock {
  readonly packages: Readonly<Record<string, object>>;
}

export declare function reduced(
  manifest: object,
  lock: object,
  packages: readonly string[],
): { manifest: { readonly dependencies: Readonly<Record<string, string>> }; lock: Lock };
