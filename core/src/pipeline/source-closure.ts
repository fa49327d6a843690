import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { ClosureBuild } from './closure-build.ts';
import { checkStamps, StampedFiles, type Stamp, type Stamps } from './stamped-files.ts';

/** The code that a module runs: itself and everything it imports, as far as it is local. */
export interface SourceClosure {
  /** sha256 (hex) of all that follows: normalised sources, what their imports mean, package versions, compiler options. Comments and whitespace do not count. */
  hash: string;
  /** Local files, relative to the root, with `/`, sorted. */
  files: string[];
  /** Versions of the third-party packages that local files import; several versions of one are joined by `, `. */
  packages: Record<string, string>;
  /** Why `hash` does not stand for the code, on one line with file and expression; absent if it does. */
  uncacheable?: string;
}

/** What is kept between calls and, as JSON with paths relative to the root, between processes. */
interface Known {
  closure: SourceClosure;
  conditions: string[];
  stamps: Stamps;
}

interface KnownFile {
  version: typeof FILE_VERSION;
  closure: SourceClosure;
  conditions: string[];
  stamps: Record<string, Stamp | null>;
}

/** Raise it when the hash is made in another way. */
const FILE_VERSION = 5;
const known = new Map<string, Known>();
const underWay = new Map<string, Promise<SourceClosure>>();

/**
 * The closure of a module as it is on disk now: part of the cache key of each step defined there.
 *
 * `moduleUrl` is the `file:` URL of the module as loaded; `root` is the folder that paths are relative to; `cacheFolder` (made if missing)
 * keeps one small JSON file per module, so that a later process only compares file times (and does not load esbuild).
 *
 * Followed: `import`, `export from`, literal `import()`, `require()`, `createRequire()()`, `require.resolve()`, `import.meta.resolve()`, and
 * `new URL('./x.ts', import.meta.url)` of a code file. A specifier that is no literal, or that cannot be resolved, makes it uncacheable;
 * so do other uses of `createRequire`, a `Worker` or `fork` of a path, `eval` and `Function`.
 *
 * Not seen: files read as data (declare them as extra files); programs that are spawned; versions of what third-party packages import in turn; third-party code that
 * changes under the same version; what a module that is not reached sets in one that is; an unused value import of a name that is not relative in TypeScript, which compilers drop but Node keeps; a file that comes to lie on
 * an earlier alternative of tsconfig `paths` in a folder that holds no module of the closure.
 *
 * Never throws for what is wrong with the code: `uncacheable` says it.
 */
export async function sourceClosure(moduleUrl: string, o: { root: string; cacheFolder: string }): Promise<SourceClosure> {
  if (!moduleUrl.startsWith('file:')) return withoutFiles(`${moduleUrl || 'the module'} is not a file`);
  const root = realpathSync(o.root);
  const entry = fileURLToPath(moduleUrl.replace(/[?#].*$/, ''));
  const file = join(o.cacheFolder, `${hash('sha256', relativePath(root, entry)).slice(0, 32)}.json`);
  const conditions = resolveConditions();
  const key = `${root}\n${file}`;
  const kept = known.get(key) ?? readKnown(file, root);
  if (kept && kept.conditions.join() === conditions.join()) {
    const state = checkStamps(kept.stamps);
    if (state === 'renewed') writeKnown(file, kept, root);
    if (state !== 'changed') {
      known.set(key, kept);
      return kept.closure;
    }
  }
  const building = underWay.get(key) ?? compute({ entry, root, file, key, conditions }).finally(() => underWay.delete(key));
  underWay.set(key, building);
  return building;
}

async function compute(o: { entry: string; root: string; file: string; key: string; conditions: string[] }): Promise<SourceClosure> {
  const files = new StampedFiles();
  const built = await build(o, files);
  if (typeof built === 'string') return withoutFiles(built);
  const closure = toClosure(o.entry, built, o.root);
  known.delete(o.key);
  if (built.resolved) {
    const fresh: Known = { closure, conditions: o.conditions, stamps: files.stamps };
    known.set(o.key, fresh);
    writeKnown(o.file, fresh, o.root);
  }
  return closure;
}

async function build(o: { entry: string; root: string; conditions: string[] }, files: StampedFiles): Promise<ClosureBuild | string> {
  try {
    const { buildClosure } = await import('./closure-build.ts');
    return await buildClosure(realpathSync(o.entry), { root: o.root, conditions: o.conditions, files });
  } catch (error) {
    const reason = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
    return `the sources of ${relativePath(o.root, o.entry)} cannot be followed: ${String(reason).split('\n', 1)[0]}`;
  }
}

function toClosure(entry: string, built: ClosureBuild, root: string): SourceClosure {
  const byName = <V>(entries: Iterable<readonly [string, V]>): [string, V][] =>
    [...entries].map(([k, v]): [string, V] => [k, v]).sort(([a], [b]) => (a < b ? -1 : 1));
  const files = byName([...built.files].map(([path, digest]) => [relativePath(root, path), digest]));
  const packages = byName([...built.packages].map(([name, versions]) => [name, [...versions].sort().join(', ')]));
  const tsconfigs = byName([...built.tsconfigs].map(([path, options]) => [relativePath(root, path), byName(Object.entries(options))]));
  const imports = byName(built.imports);
  const [problem] = built.problems;
  return {
    hash: hash('sha256', JSON.stringify([FILE_VERSION, relativePath(root, entry), files, imports, packages, tsconfigs])),
    files: files.map(([path]) => path),
    packages: Object.fromEntries(packages),
    ...(problem === undefined ? {} : { uncacheable: problem.replace(/\s+/g, ' ') }),
  };
}

function withoutFiles(uncacheable: string): SourceClosure {
  return { hash: '', files: [], packages: {}, uncacheable };
}

/** Conditions of `exports` that the user gave to Node: `-C development`, `--conditions=development`. */
function resolveConditions(): string[] {
  const words = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').replaceAll('"', '').split(/\s+/)];
  return words.flatMap((word, index) => {
    if (word.startsWith('--conditions=')) return [word.slice('--conditions='.length)];
    const next = words[index + 1];
    return (word === '-C' || word === '--conditions') && next !== undefined ? [next] : [];
  });
}

function readKnown(file: string, root: string): Known | undefined {
  try {
    const { version, closure, conditions, stamps } = JSON.parse(readFileSync(file, 'utf8')) as KnownFile;
    if (version !== FILE_VERSION) return undefined;
    return { closure, conditions, stamps: new Map(Object.entries(stamps).map(([path, stamp]) => [resolve(root, path), stamp])) };
  } catch {
    // Missing, or damaged: it is made anew.
    return undefined;
  }
}

/** By a rename, so that no other process reads half of it. */
function writeKnown(file: string, { closure, conditions, stamps }: Known, root: string): void {
  const relativeStamps = Object.fromEntries([...stamps].map(([path, stamp]) => [relativePath(root, path), stamp]));
  const content: KnownFile = { version: FILE_VERSION, closure, conditions, stamps: relativeStamps };
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(temporary, JSON.stringify(content));
    renameSync(temporary, file);
  } catch {
    // A folder that cannot be written costs the next process some time and nothing else.
    if (existsSync(temporary)) rmSync(temporary);
  }
}

function relativePath(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}
