import type { Egress, EgressPreset } from '#crds';

/** The hosts that each registry's own client reads packages from, in the words of `spec.egress.allow`. */
export const egressPresets: Readonly<Record<EgressPreset, readonly string[]>> = {
  npm: ['registry.npmjs.org'],
  pypi: ['pypi.org', 'files.pythonhosted.org'],
  nuget: ['api.nuget.org'],
  crates: ['index.crates.io', 'static.crates.io', 'crates.io'],
  golang: ['proxy.golang.org', 'sum.golang.org'],
  maven: ['repo.maven.apache.org', 'repo1.maven.org'],
  rubygems: ['rubygems.org', 'index.rubygems.org'],
};

/** Every host of a Repository's `spec.egress`, presets written out, each once. Nothing where nothing is said. */
export function egressHosts(egress: Egress | undefined): string[] {
  const presets = (egress?.presets ?? []).flatMap((preset) => egressPresets[preset] ?? []);
  return [...new Set([...presets, ...(egress?.allow ?? [])])];
}
