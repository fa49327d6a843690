import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire, findPackageJSON } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { coreFolder, type Core } from './project-core.ts';

/** Set by a module that comes first in the graph, so once any module of a user runs it is set. */
const BEGAN = Symbol.for('mortise.began.v1');

/** What tsx says of a package that is not of the type "module", as `npm init -y` makes one, and what helps. */
const AWAIT_IN_COMMON_JS = 'Top-level await is currently not supported with the "cjs"';
const AWAIT_NEEDS_MODULE = 'await at the top level is for ES modules: run "npm pkg set type=module"';

/** What Node says of a package that is not installed, of an ES module and of CommonJS; of a file of a package it says the latter too, and of a path. */
const MISSING = /^Cannot find (?:package '([^']+)'|module '((?:@[^/']+\/)?[^@./#'][^/':]*)')/;

/**
 * Imports a user's module, by Node alone if it can, which is three times as fast; through tsx if Node refuses the syntax or cannot resolve an import.
 * A module that began to run is never run again: Node links everything before it runs anything, and only what failed until then is tried once more.
 * @throws FileBroken, MissingPackage
 */
export async function importFile(file: string, core: Core): Promise<Record<string, unknown>> {
  const { setLoadedFile } = await core.filePipelines();
  const module = pathToFileURL(file).href;
  setLoadedFile({ module, execArgv: [], env: {} });
  try {
    return await importByNode(file);
  } catch (error) {
    if (hasBegun() && !isUnparsedCommonJs(error, file)) throw await broken(file, error, core);
    const tsx = isUnparsedCommonJs(error, file) ? 'commonjs' : 'module';
    // tsx looks for tsconfig.json from the working directory, and would compile a file of elsewhere with other decorators than it was written for.
    const tsconfig = nearestTsconfig(file);
    setLoadedFile({ module, ...childByTsx(tsx, tsconfig) });
    return importByTsx(file, error, core, { tsx, tsconfig });
  }
}

/** What tsx, which Node needs for such a file, makes of a path with a "?": all from there on is a query to it, and the file another one. */
const QUESTION_MARK = 'Node cannot load it alone, and tsx loads no file with a "?" in its path: rename the file or the folder';

function isOfQuestionMark(error: unknown, file: string): boolean {
  const at = file.indexOf('?');
  if (at < 0) return false;
  return errorName(error) === 'TransformError' || messageOf(error).startsWith(`Cannot find module '${file.slice(0, at)}'`);
}

const REQUIRE = `Node ${process.version} cannot load an ES module by require() from TypeScript that is CommonJS: write "import" for "require", or take Node 24 or newer`;

/** How Node is started so that it imports through tsx from the beginning. */
function childByTsx(tsx: 'commonjs' | 'module', tsconfig: string | undefined): { execArgv: string[]; env: Record<string, string> } {
  const maps = '--enable-source-maps';
  if (tsx === 'commonjs')
    return { execArgv: [maps, '--import', import.meta.resolve('tsx')], env: tsconfig === undefined ? {} : { TSX_TSCONFIG_PATH: tsconfig } };
  const options = JSON.stringify({ tsconfig: tsconfig ?? false });
  const code = `import { register } from ${JSON.stringify(import.meta.resolve('tsx/esm/api'))}; register(${options});`;
  return { execArgv: [maps, '--import', `data:text/javascript,${encodeURIComponent(code)}`], env: {} };
}

async function importByNode(file: string): Promise<Record<string, unknown>> {
  const mark = `data:text/javascript,globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(BEGAN))})]=true`;
  const entry = `import ${JSON.stringify(mark)};import * as module from ${JSON.stringify(pathToFileURL(file).href)};export default module;`;
  const { default: module } = (await import(`data:text/javascript,${encodeURIComponent(entry)}`)) as { default: Record<string, unknown> };
  return module;
}

const hasBegun = (): boolean => BEGAN in globalThis;

/** A CommonJS file is parsed when its turn to run comes, and named in the first line of the error if it cannot be: so is an ES module with an enum. */
function isUnparsedCommonJs(error: unknown, file: string): boolean {
  return (
    errorName(error) === 'SyntaxError' &&
    !isSaidToBeModule(file) &&
    (stackOf(error).startsWith(`${file}:`) || stackOf(error).startsWith(`${pathToFileURL(file).href}:`))
  );
}

function isSaidToBeModule(file: string): boolean {
  if (/\.m[jt]s$/.test(file)) return true;
  const manifest = /\.c[jt]s$/.test(file) ? undefined : findPackageJSON(pathToFileURL(file));
  // Node has read it, and found no fault with it.
  return (
    manifest !== undefined && (JSON.parse(readFileSync(manifest, 'utf8').replace(/^\uFEFF/, '')) as { type?: unknown }).type === 'module'
  );
}

async function importByTsx(
  file: string,
  first: unknown,
  core: Core,
  { tsx, tsconfig }: { tsx: 'commonjs' | 'module'; tsconfig: string | undefined },
): Promise<Record<string, unknown>> {
  process.setSourceMapsEnabled(true);
  try {
    if (tsx === 'commonjs') {
      if (tsconfig !== undefined) process.env['TSX_TSCONFIG_PATH'] = tsconfig;
      (await import('tsx/cjs/api')).register();
      return createRequire(file)(file) as Record<string, unknown>;
    }
    return await importEsmByTsx(pathToFileURL(file).href, first, tsconfig ?? false);
  } catch (error) {
    if (isOfQuestionMark(error, file)) throw new core.FileBroken({ file: shown(file), reason: QUESTION_MARK }, { cause: error });
    throw await broken(file, error, core);
  }
}

async function importEsmByTsx(url: string, first: unknown, tsconfig: string | false): Promise<Record<string, unknown>> {
  const { register } = await import('tsx/esm/api');
  const unregister = register({ tsconfig });
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    // Node 22 remembers by its URL that a module could not be loaded; in a namespace of tsx's URLs are others.
    if (error !== first) throw error;
    await unregister();
    return (await register({ namespace: 'mortise', tsconfig }).import(url, import.meta.url)) as Record<string, unknown>;
  }
}

function nearestTsconfig(file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, 'tsconfig.json');
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return undefined;
  }
}

/** The error of a file that cannot be loaded: a mistake that Mortise knows as it is, anything else with its place. */
async function broken(file: string, error: unknown, core: Core): Promise<unknown> {
  if (core.isMortiseError(error)) return error;
  // Node 22 alone; run by itself such a file works there as well.
  if (field(error, 'code') === 'ERR_VM_MODULE_LINK_FAILURE')
    return new core.FileBroken({ file: shown(file), reason: REQUIRE }, { cause: error });
  const missing = MISSING.exec(messageOf(error))?.slice(1).find(Boolean);
  if (missing !== undefined) return new core.MissingPackage({ package: missing, of: shown(file) }, { cause: error });
  return new core.FileBroken(
    { file: shown(file), reason: (await syntaxErrorReason(file, error)) ?? placedReason(error) },
    { cause: error },
  );
}

/** `pipeline.ts:3:7: Unexpected ";"` for a syntax error, undefined for any other. */
async function syntaxErrorReason(file: string, error: unknown): Promise<string | undefined> {
  const fromTsx = /^(.+):(\d+):(\d+): ERROR: (.*)$/m.exec(messageOf(error));
  if (errorName(error) === 'TransformError' && fromTsx !== null) {
    const [, path = '', line, column, what = ''] = fromTsx;
    return `${shown(path)}:${line}:${column}: ${what.startsWith(AWAIT_IN_COMMON_JS) ? AWAIT_NEEDS_MODULE : what}`;
  }
  if (errorName(error) !== 'SyntaxError') return undefined;
  const place = placeOnFirstLine(stackOf(error)) ?? (hasBegun() ? undefined : await placeFromLinking(file));
  return place === undefined ? `syntax error: ${messageOf(error)}` : `${place}: ${messageOf(error)}`;
}

/** Node tells the place of a syntax error only to its own stderr. Another process links the file, and ends before it would run. */
function placeFromLinking(file: string): Promise<string | undefined> {
  const code = `import "data:text/javascript,process.exit()";import ${JSON.stringify(pathToFileURL(file).href)};`;
  return new Promise((resolve) =>
    execFile(process.execPath, ['--input-type=module', '--eval', code], (_, _stdout, stderr) => resolve(placeOnFirstLine(stderr))),
  );
}

function placeOnFirstLine(text: string): string | undefined {
  const [, path, line] = /^((?:file:\/\/|\/|[A-Za-z]:\\).*):(\d+)$/m.exec(text.split('\n', 1)[0]!) ?? [];
  return path === undefined ? undefined : `${shown(path)}:${line}`;
}

/** What was thrown, with the line of the user's code that threw it. */
export function placedReason(error: unknown): string {
  const frame = framesOf(error).find(({ path }) => !path.includes('node_modules'));
  const what = errorName(error) === '' ? messageOf(error) : `${errorName(error)}: ${messageOf(error)}`;
  return frame === undefined ? what : `${what} (${shown(frame.path)}:${frame.line}:${frame.column})`;
}

/** True for an error that was thrown outside of Mortise. */
export function isThrownByUser(error: unknown): boolean {
  const [innermost] = framesOf(error);
  return innermost === undefined || !innermost.path.startsWith(coreFolder());
}

/** Places on the stack of an error, the innermost first, without those of Node itself. */
function framesOf(error: unknown): { path: string; line: string; column: string }[] {
  return stackOf(error)
    .split('\n')
    .flatMap((text) => {
      const [, place, line, column] = /(?:^|[\s(])((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*):(\d+):(\d+)\)?$/.exec(text.trim()) ?? [];
      return place === undefined || line === undefined || column === undefined ? [] : [{ path: pathOf(place), line, column }];
    });
}

/** A path or file: URL as people wrote it: from the working directory, if it is below it. */
function shown(place: string): string {
  const path = pathOf(place);
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}

const pathOf = (place: string): string => (place.startsWith('file://') ? fileURLToPath(place) : place);

// What users throw may be anything, also errors of another realm.
const field = (error: unknown, name: 'name' | 'message' | 'stack' | 'code'): string =>
  String((error as Partial<NodeJS.ErrnoException> | null | undefined)?.[name] ?? '');
const errorName = (error: unknown): string => field(error, 'name');
const messageOf = (error: unknown): string => field(error, 'message') || String(error);
const stackOf = (error: unknown): string => field(error, 'stack');
