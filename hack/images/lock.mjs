// The part of package-lock.json that some packages need.

/**
 * package.json and package-lock.json of a folder with these packages and what they depend on, at the versions of the checkout's own.
 * Throws for a package that is no production dependency.
 */
export function reduced(manifest, lock, packages) {
  const dependencies = {};
  for (const name of packages) {
    const version = manifest.dependencies[name];
    if (version === undefined) throw new Error(`${name} is imported, but is no dependency of package.json`);
    dependencies[name] = version;
  }
  const { name, version, license, type, imports } = manifest;
  const own = { name, version, private: true, license, type, imports, dependencies };
  const kept = { '': { name, version, license, dependencies } };
  const queue = packages.map((one) => `node_modules/${one}`);
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (kept[path] !== undefined) continue;
    const entry = lock.packages[path];
    kept[path] = entry;
    const optional = { ...entry.optionalDependencies, ...optionalPeers(entry) };
    for (const needed of Object.keys({ ...entry.dependencies, ...entry.peerDependencies, ...optional })) {
      const found = resolve(lock, path, needed);
      if (found !== undefined) queue.push(found);
      else if (optional[needed] === undefined)
        throw new Error(`package-lock.json has no ${needed}, which ${path} needs`);
    }
  }
  const sorted = Object.fromEntries(Object.entries(kept).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    manifest: own,
    lock: { name, version, lockfileVersion: lock.lockfileVersion, requires: true, packages: sorted },
  };
}

function optionalPeers({ peerDependenciesMeta = {} }) {
  return Object.fromEntries(Object.entries(peerDependenciesMeta).filter(([, { optional }]) => optional));
}

/** Where Node would find a package that the one at `path` asks for. */
function resolve(lock, path, needed) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const candidate = folder === '' ? `node_modules/${needed}` : `${folder}/node_modules/${needed}`;
    if (lock.packages[candidate] !== undefined) return candidate;
    if (folder === '') return undefined;
  }
}
