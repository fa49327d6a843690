import type {
  BuildFailure,
  BuildResult,
  Loader,
  Message,
  Metafile,
  OnLoadArgs,
  OnLoadResult,
  OnResolveArgs,
  OnResolveResult,
  Plugin,
  PluginBuild,
} from 'esbuild';
import { hash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { hiddenReferences, NAME_AT_RUN_TIME } from './hidden-references.ts';
import {
  installedPackage,
  isOwnPackage,
  moduleTypeOf,
  packageNameOf,
  packageOfFile,
  thirdPartyOf,
  type InstalledPackage,
} from './installed-package.ts';
import type { StampedFiles } from './stamped-files.ts';
import { tsconfigFinder, type TsconfigOptions } from './tsconfig-options.ts';
import { unusedImports } from './unused-imports.ts';

/** What a module reaches. Paths are absolute. */
export interface ClosureBuild {
  /** Local files with the sha256 of their normalised text. */
  files: Map<string, string>;
  packages: Map<string, Set<string>>;
  /** Of each file (relative to the root) what its imports mean, in their order: they may be exchanged while all files stay. */
  imports: Map<string, string[]>;
  /** Of the tsconfig.json nearest to each local TypeScript file. */
  tsconfigs: Map<string, TsconfigOptions['options']>;
  /** Why the closure is not known for sure, one line each. */
  problems: string[];
  /** False if something could not be resolved or read: then a file that appears anywhere may change the result. */
  resolved: boolean;
}

interface Building {
  entry: string;
  root: string;
  files: StampedFiles;
  closure: ClosureBuild;
  tsconfigOf: ReturnType<typeof tsconfigFinder>;
  esbuild: typeof import('esbuild');
}

/** Messages that esbuild has for a specifier it cannot know, silent unless asked for. */
const UNKNOWN_SPECIFIER = ['unsupported-dynamic-import', 'unsupported-require-call', 'indirect-require'];
const LOADERS = new Map<string, Loader>([
  ...['.ts', '.mts', '.cts'].map((extension) => [extension, 'ts'] as const),
  ...['.js', '.mjs', '.cjs'].map((extension) => [extension, 'js'] as const),
  ['.tsx', 'tsx'],
  ['.jsx', 'jsx'],
  ['.json', 'json'],
]);
/** What an import without an extension may mean, `.js` first as for Node: its twin for tsx is counted as well. */
const EXTENSIONS = ['.js', '.tsx', '.ts', '.jsx', '.css', '.json', '.node'];
const RELATIVE = /^(?:\.|[\\/]|[A-Za-z]:[\\/])/;
const BARE = /^[^.\\/]/;
/** Before a specifier that is imported here and required in the source: `exports` of a package may name another module for that. */
const REQUIRED = 'mortise-required:';
/** An import of a name put together from a literal folder: esbuild expands it to files that may not be all. */
const COMPOSED_IMPORT = /\b(?:import|require)\s*\(\s*(?:`[^`]*\$\{|(["'])[^"']*\1\s*\+)/;

/**
 * Follows the imports of `entry` through every local file, by esbuild's resolver (tsconfig paths, `exports`, `.js` for `.ts`, symlinks by
 * their real path). Third-party packages are not entered: their versions stand for them. One that has none is local code.
 */
export async function buildClosure(entry: string, o: { root: string; conditions: string[]; files: StampedFiles }): Promise<ClosureBuild> {
  const closure: ClosureBuild = {
    files: new Map(),
    packages: new Map(),
    imports: new Map(),
    tsconfigs: new Map(),
    problems: [],
    resolved: true,
  };
  const owner = thirdPartyOf(entry, o.files);
  if (owner) {
    addPackage(closure, owner);
    return closure;
  }
  const esbuild = await import('esbuild');
  const result = await esbuild
    .build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      mainFields: ['main'],
      resolveExtensions: EXTENSIONS,
      // Those of Node that esbuild does not have by itself, then the user's.
      conditions: ['node-addons', 'module-sync', ...o.conditions],
      absWorkingDir: o.root,
      logLevel: 'silent',
      logLimit: 0,
      logOverride: Object.fromEntries(UNKNOWN_SPECIFIER.map((id) => [id, 'warning'])),
      plugins: [closurePlugin({ entry, root: o.root, files: o.files, closure, tsconfigOf: tsconfigFinder(o.files), esbuild })],
    })
    .catch((error: unknown): BuildFailure => {
      if (typeof error === 'object' && error !== null && 'errors' in error) return error as BuildFailure;
      throw error;
    });
  const silent = leftAsTheyAre(result);
  const missing = silent.filter(({ composed }) => !composed).map(({ file, path }) => `${file}: Could not resolve "${path}"`);
  const unresolved = [...result.errors.map((error) => `${placeOf(error)}: ${error.text}`), ...missing].sort();
  const unknown = result.warnings
    .filter((warning) => UNKNOWN_SPECIFIER.includes(warning.id))
    .map((warning) => onlyAtRunTime(placeOf(warning), warning.location?.lineText ?? ''));
  const composed = silent.filter(({ composed }) => composed).map(({ file }) => composedImport(file, o.root));
  for (const [file, { imports }] of inputsOf(result)) {
    closure.imports.set(
      file,
      imports.map(({ path }) => path),
    );
    for (const { original = '' } of imports) if (RELATIVE.test(original)) stampPath(resolve(o.root, dirname(file), original), o.files);
  }
  closure.resolved = unresolved.length === 0;
  closure.problems = [...unresolved, ...[...unknown, ...composed, ...closure.problems].sort()];
  return closure;
}

function closurePlugin(building: Building): Plugin {
  const { entry, files, closure } = building;
  return {
    name: 'mortise-closure',
    setup(build) {
      const owner = packageOfFile(entry, files);
      if (owner && isOwnPackage(owner.name)) build.onResolve({ filter: RELATIVE }, (args) => skipOwnFile(args, owner, building));
      const resolved = new Map<string, Promise<OnResolveResult>>();
      build.onResolve({ filter: BARE }, (args) => {
        if (args.kind === 'entry-point' || args.pluginData === closure) return undefined;
        const key = `${args.kind}\n${dirname(args.importer)}\n${args.path}`;
        const result = resolved.get(key) ?? resolveImport(args, build, building);
        resolved.set(key, result);
        return result;
      });
      build.onLoad({ filter: /./, namespace: 'file' }, (args) => loadFile(args, building));
    },
  };
}

/** A module within one of Mortise's own packages: what it imports from there is that package's version. */
function skipOwnFile(args: OnResolveArgs, owner: InstalledPackage, { closure }: Building): OnResolveResult | undefined {
  return args.kind === 'entry-point' ? undefined : external(closure, owner, args.path);
}

async function resolveImport(args: OnResolveArgs, build: PluginBuild, { closure, files }: Building): Promise<OnResolveResult> {
  const required = args.path.startsWith(REQUIRED);
  const path = required ? args.path.slice(REQUIRED.length) : args.path;
  if (isBuiltin(path) || /^(?:data|https?|node):/.test(path)) return { path, external: true };
  const unresolved = { errors: [{ text: `Could not resolve "${path}"` }] };
  const installed = installedPackage(packageNameOf(path), args.importer, files);
  if (isOwnPackage(packageNameOf(path))) return installed ? external(closure, installed, path) : unresolved;
  const { importer, resolveDir, namespace } = args;
  const kind = required ? 'require-call' : args.kind;
  const found = await build.resolve(path, { kind, importer, resolveDir, namespace, with: args.with, pluginData: closure });
  if (found.errors.length > 0) return unresolved;
  if (found.external) return { path: found.path, external: true };
  const owner = thirdPartyOf(found.path, files);
  return owner ? external(closure, owner, path) : { path: found.path, namespace: found.namespace };
}

/** Left out by its package's name and version, so that no relative path is taken for an import that was not found. */
function external(closure: ClosureBuild, owner: InstalledPackage | undefined, specifier: string): OnResolveResult {
  addPackage(closure, owner);
  return { path: owner ? `${owner.name}@${owner.version}` : packageNameOf(specifier), external: true };
}

async function loadFile({ path, with: attributes }: OnLoadArgs, building: Building): Promise<OnLoadResult> {
  const { closure, files } = building;
  const bytes = files.read(path);
  if (!bytes) return { errors: [{ text: `Could not read "${path}"` }] };
  const owner = thirdPartyOf(path, files);
  if (owner) {
    addPackage(closure, owner);
    return { contents: '', loader: 'empty' };
  }
  files.watchFolder(dirname(path));
  // `./lib` that is `lib/index.ts` today may be `lib.ts` tomorrow.
  if (/[\\/]index\.[^\\/]*$/.test(path)) files.watchFolder(dirname(dirname(path)));
  const text = bytes.toString('utf8');
  const loader = attributes['type'] === undefined || attributes['type'] === 'json' ? LOADERS.get(extname(path)) : undefined;
  if (loader === undefined) {
    closure.files.set(path, hash('sha256', bytes));
    return { contents: '', loader: 'empty' };
  }
  if (loader === 'json') {
    closure.files.set(path, hash('sha256', compactJson(text)));
    return { contents: text, loader };
  }
  return loadCode(path, text, loader, building);
}

async function loadCode(path: string, text: string, loader: Loader, building: Building): Promise<OnLoadResult> {
  const { closure, files, esbuild } = building;
  const tsconfig = await building.tsconfigOf(dirname(path));
  if (tsconfig && loader !== 'js') closure.tsconfigs.set(tsconfig.file, tsconfig.options);
  // Without it a decorated parameter is a syntax error; with it decorators are lowered, which is as good for a hash.
  const experimentalDecorators = tsconfig?.options['experimentalDecorators'] === true;
  const transform = async (target: string, verbatimModuleSyntax = false) => {
    const tsconfigRaw = { compilerOptions: { experimentalDecorators, verbatimModuleSyntax } };
    const minify = { minifyWhitespace: true, legalComments: 'none' } as const;
    return (await esbuild.transform(text, { loader, target, tsconfigRaw, logLevel: 'silent', ...minify })).code;
  };
  try {
    const normalised = await transform('esnext');
    // Decorators are told the types as they are written.
    const types = tsconfig?.options['emitDecoratorMetadata'] === true && loader !== 'js' && text.includes('@') ? text : '';
    closure.files.set(path, hash('sha256', `${moduleTypeOf(path, files)}\n${normalised}${types}`));
    // acorn reads no decorators, es2022 has none.
    const hidden = await hiddenReferences(() => transform('es2022'), normalised);
    const place = relative(building.root, path);
    closure.problems.push(...hidden.unknown.map(({ why, expression }) => problem(place, why, expression)));
    const urls = hidden.urls.flatMap((url) => moduleAt(url, path, files));
    const unused = await unusedImports(text, normalised, () => transform('esnext', true));
    const run = unused.flatMap((specifier) => moduleAt(specifier, path, files));
    const required = hidden.required.map((specifier) => (BARE.test(specifier) ? REQUIRED + specifier : specifier));
    const reached = [...hidden.modules, ...required, ...urls, ...run, ...typescriptTwins(path, building.entry)];
    // In a form that esbuild follows.
    return { contents: [text, ...reached.map((specifier) => `;import(${JSON.stringify(specifier)});`)].join('\n'), loader };
  } catch (error) {
    const text = `${relative(building.root, path)} cannot be read: ${(error as Error).message}`;
    // acorn throws one, without a list.
    const { errors = [{ text, location: null }] } = error as { errors?: Pick<Message, 'text' | 'location'>[] };
    return {
      errors: errors.map((message) => ({ text: message.text, location: withFile(message, path, building.root) })),
    };
  }
}

/** esbuild tells the real paths of modules: the links that lead there, and the package.json of a folder, may come to lead elsewhere. */
function stampPath(specifier: string, files: StampedFiles): void {
  const path = specifier.replace(/[?#].*$/, '');
  const candidates = [path, path.replace(/js(x?)$/, 'ts$1'), ...EXTENSIONS.map((extension) => path + extension)];
  candidates.find((candidate) => files.follow(candidate));
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) files.json(join(path, 'package.json'));
}

function withFile({ location }: Pick<Message, 'location'>, path: string, root: string): Message['location'] {
  return location && { ...location, file: relative(root, path) };
}

/** The module that a URL names, as an import. It may name data, or a file that is yet to be written, whose appearing will be noticed. */
function moduleAt(url: string, path: string, files: StampedFiles): string[] {
  const target = URL.parse(url, pathToFileURL(path).href);
  // `%2F` is no part of a file's name.
  if (target?.protocol !== 'file:' || /%2f|%5c/i.test(target.pathname)) return [];
  const file = fileURLToPath(new URL(target.pathname, target));
  if (!LOADERS.has(extname(file)) || !files.exists(file)) return [];
  const specifier = relative(dirname(path), file).split(sep).join('/');
  return [specifier.startsWith('.') ? specifier : `./${specifier}`];
}

/** Where `x.js` lies beside `x.ts`, tsx takes the latter for an import of `./x.js` or `./x`, Node the former: count both. */
function typescriptTwins(path: string, entry: string): string[] {
  const twins = [path.replace(/\.([cm]?)js(x?)$/, '.$1ts$2'), path.replace(/\.js$/, '.tsx')];
  return twins.filter((twin) => twin !== path && path !== entry && existsSync(twin));
}

function addPackage(closure: ClosureBuild, found: InstalledPackage | undefined): void {
  if (found) closure.packages.set(found.name, (closure.packages.get(found.name) ?? new Set()).add(found.version));
}

/**
 * Imports that esbuild leaves as they are, without a word: those of a composed name (with a `*`), and optional ones that are not there
 * (`try { await import('./local.js') } catch`). Statements are dropped imports of types: one that is not there would be an error.
 */
function leftAsTheyAre(result: BuildResult | BuildFailure): { file: string; path: string; composed: boolean }[] {
  return inputsOf(result).flatMap(([file, { imports }]) =>
    imports
      .map(({ path, kind, external }) => ({ file, path, kind, external, composed: path.includes('*') }))
      .filter(({ path, kind, external, composed }) => external && RELATIVE.test(path) && (composed || kind !== 'import-statement')),
  );
}

function inputsOf(result: BuildResult | BuildFailure): [file: string, Metafile['inputs'][string]][] {
  return 'metafile' in result && result.metafile ? Object.entries(result.metafile.inputs) : [];
}

function composedImport(file: string, root: string): string {
  const text = readFileSync(join(root, file), 'utf8');
  const before = text.slice(0, COMPOSED_IMPORT.exec(text)?.index ?? 0).split('\n');
  return onlyAtRunTime(`${file}:${before.length}`, text.split('\n')[before.length - 1]!);
}

function placeOf({ location }: Message): string {
  return location ? `${location.file}:${location.line}` : 'the module';
}

function onlyAtRunTime(place: string, code: string): string {
  return problem(place, NAME_AT_RUN_TIME, code);
}

function problem(place: string, why: string, code: string): string {
  const text = code.trim();
  return `${place}: ${why}: ${text.length > 100 ? `${text.slice(0, 99)}…` : text}`;
}

function compactJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
