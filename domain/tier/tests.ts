/** Folders of tests, in any case, and those that only count as they are written. */
const FOLDERS =
  /(?:^|\/)(?:__tests?__|__mocks__|__snapshots__|e2e|cypress|\.maestro|testdata|test-data|fixtures|snapshots|(?:[^/]+[._-])?tests?|(?:[^/]+[._-])?specs?)\//i;
const NAMED_FOLDERS = /(?:^|\/)[^/]+(?:Tests|UITests|Specs)\//;
const FILES =
  /(?:^|\/)(?:[^/]+[._-](?:test|tests|spec|specs|e2e|cy)\.[^/]+|test_[^/]*\.py|tests?\.[^/]+|[^/]*(?:Test|Tests|TestCase|Spec|Specs)\.(?:cs|fs|vb|java|kt|scala|swift|m|mm|php|groovy)|[^/]+\.(?:snap|feature|approved\.[^/]+|verified\.[^/]+))$/;
const PROSE = /\.(?:md|mdx|rst|adoc|markdown)$/i;
const COMPARED = /(?:^|\/)(?:testdata|test-data|fixtures|snapshots|__snapshots__)\//i;

/** Whether a file is a test, or what tests compare with, by the names that the usual frameworks look for. Prose beside tests is none. */
export function isTest(path: string): boolean {
  if (PROSE.test(path)) return COMPARED.test(path);
  return FOLDERS.test(path) || NAMED_FOLDERS.test(path) || FILES.test(path);
}
