/** The conditions under which Node resolves an `import`. */
const CONDITIONS: ReadonlySet<string> = new Set(['import', 'node', 'node-addons', 'module-sync', 'default']);

/**
 * The file that `exports` of a package.json gives for a subpath (`.`, `./sub`), relative to the package, for an `import`; undefined if it gives none.
 * As in https://nodejs.org/api/esm.html#resolution-algorithm-specification (PACKAGE_EXPORTS_RESOLVE).
 */
export function exportedFile(exports: unknown, subpath: string): string | undefined {
  const table = subpathTable(exports);
  if (Object.hasOwn(table, subpath) && !subpath.includes('*')) return targetFile(table[subpath], '') ?? undefined;
  const pattern = Object.keys(table)
    .filter((key) => matches(key, subpath))
    .sort((a, b) => b.indexOf('*') - a.indexOf('*') || b.length - a.length)[0];
  if (pattern === undefined) return undefined;
  const star = pattern.indexOf('*');
  return targetFile(table[pattern], subpath.slice(star, subpath.length - (pattern.length - star - 1))) ?? undefined;
}

/** The subpaths that can be imported, patterns with their `*`. */
export function exportedSubpaths(exports: unknown): string[] {
  return Object.entries(subpathTable(exports)).flatMap(([subpath, target]) =>
    typeof targetFile(target, '*') === 'string' ? [subpath] : [],
  );
}

/** `exports` may be what `.` gives instead of a table of subpaths. */
function subpathTable(exports: unknown): Record<string, unknown> {
  if (isRecord(exports) && Object.keys(exports).every((key) => key.startsWith('.'))) return exports;
  return { '.': exports };
}

function matches(pattern: string, subpath: string): boolean {
  const [before, after] = pattern.split('*', 2);
  if (before === undefined || after === undefined) return false;
  return subpath.length >= pattern.length && subpath.startsWith(before) && subpath.endsWith(after);
}

/** null: it is said that there is none. undefined: nothing is said under these conditions. */
function targetFile(target: unknown, match: string): string | null | undefined {
  if (target === null) return null;
  if (typeof target === 'string') return target.startsWith('./') ? target.replaceAll('*', match) : undefined;
  if (Array.isArray(target)) return target.map((each) => targetFile(each, match)).find((file) => typeof file === 'string');
  if (!isRecord(target)) return undefined;
  const applying = Object.entries(target).filter(([condition]) => CONDITIONS.has(condition));
  return applying.map(([, each]) => targetFile(each, match)).find((file) => file !== undefined);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
