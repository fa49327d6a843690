import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FlavorNeedsLoader } from '../errors.ts';
import { fileOfPackage } from './find-flavor-module.ts';

export type ModuleExports = Record<string, unknown>;

/** What is taken of `tsx/esm/api`, a package that this one does not depend on. */
interface Tsx {
  register(options: { namespace: string; tsconfig: string | false }): { import(url: string, from: string): Promise<ModuleExports> };
}

/** Modules that were imported by tsx, by their URLs: each import by it would be another copy. */
const importedByTsx = new Map<string, Promise<ModuleExports>>();

export function isTypeScript(file: string): boolean {
  return /\.[cm]?tsx?$/.test(file);
}

/**
 * Imports a module of a flavor's author: by Node alone if it can, TypeScript that it cannot load by tsx.
 * @throws FlavorNeedsLoader, and what the module throws
 */
export async function importFlavorModule(file: string, source: string, root: string): Promise<ModuleExports> {
  const url = pathToFileURL(file).href;
  const known = importedByTsx.get(url);
  if (known !== undefined) return known;
  if (!isTypeScript(file)) return (await import(url)) as ModuleExports;
  const { importing, hasBegun } = importMarked(url);
  try {
    return await importing;
  } catch (error) {
    if (!isForLoader(error) || (hasBegun() && !isUnparsedCommonJs(error, file, url))) throw error;
    return importByTsx(file, source, root, error);
  }
}

/** Marks set by modules that come first in the graph of an import: once anything of the author's runs, its mark is set. */
const BEGAN = Symbol.for('mortise.flavors-began.v1');

/** A module that began to run is never run again: Node links everything before it runs anything. */
function importMarked(url: string): { importing: Promise<ModuleExports>; hasBegun: () => boolean } {
  const began = ((globalThis as { [BEGAN]?: Set<string> })[BEGAN] ??= new Set());
  const id = `${url} ${(imports += 1)}`;
  const mark = `globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(BEGAN))})].add(${JSON.stringify(id)})`;
  const entry = `import ${JSON.stringify(dataUrl(mark))};import * as module from ${JSON.stringify(url)};export default module;`;
  const importing = import(dataUrl(entry)).then(({ default: module }: { default: ModuleExports }) => module);
  return { importing, hasBegun: () => began.has(id) };
}

let imports = 0;
const dataUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;

/** A CommonJS file is parsed when its turn to run comes, and named in the first line of the error if it cannot be. */
function isUnparsedCommonJs(error: unknown, file: string, url: string): boolean {
  const stack = String((error as { stack?: unknown } | null | undefined)?.stack);
  return stack.startsWith(`${file}:`) || stack.startsWith(`${url}:`) || stack.startsWith(`${file}\n`);
}

/**
 * Imports it by tsx, which keeps to itself what it does: the project's own modules are loaded as before.
 * @param refused what Node said
 * @throws FlavorNeedsLoader, and what the module throws
 */
export async function importByTsx(file: string, source: string, root: string, refused: unknown): Promise<ModuleExports> {
  const url = pathToFileURL(file).href;
  const importing = importedByTsx.get(url) ?? startTsx(url, file, source, root, refused);
  importedByTsx.set(url, importing);
  try {
    return await importing;
  } catch (error) {
    importedByTsx.delete(url);
    throw error;
  }
}

/** Whether Node failed on a module before it ran any of it, in a way that tsx may not: syntax that is more than types, imports that leave out the ending. */
export function isForLoader(error: unknown): boolean {
  const { name, code, stack } = (error ?? {}) as { name?: unknown; code?: unknown; stack?: unknown };
  if (name !== 'SyntaxError' && !LOADER_CODES.has(String(code))) return false;
  // What JSON.parse or the author's code threw has another place than Node's own.
  const [place] = /^ +at .*$/m.exec(String(stack)) ?? [];
  return place === undefined || place.includes('node:internal/');
}

const LOADER_CODES: ReadonlySet<string> = new Set([
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_INVALID_TYPESCRIPT_SYNTAX',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_MODULE_NOT_FOUND',
  'ERR_UNSUPPORTED_DIR_IMPORT',
]);

async function startTsx(url: string, file: string, source: string, root: string, refused: unknown): Promise<ModuleExports> {
  const tsx = await findTsx(root);
  if (tsx === undefined) throw withoutTsx(source, refused);
  const namespace = `mortise-flavor-${importedByTsx.size}`;
  return tsx.register({ namespace, tsconfig: nearestTsconfig(file) ?? false }).import(url, url);
}

/** That of the project, else that of the program that runs, which may be the `mortise` command with a tsx of its own. */
async function findTsx(root: string): Promise<Tsx | undefined> {
  const program = process.argv[1] === undefined ? [] : [dirname(process.argv[1])];
  const file = [root, ...program].map((folder) => fileOfPackage('tsx/esm/api', folder)).find((found) => found !== undefined);
  return file === undefined ? undefined : ((await import(pathToFileURL(file).href)) as Tsx);
}

/** All that Node says where it meets the `@` of a decorator, or another character that it has no use for. */
const AT_DECORATOR = 'Invalid or unexpected token';

/** A module that is missing is missing with tsx too, as often as not. */
function withoutTsx(source: string, refused: unknown): unknown {
  const { code, message } = refused as { code?: unknown; message?: unknown };
  if (code === 'ERR_MODULE_NOT_FOUND') return refused;
  const line = String(message).split('\n', 1)[0]!;
  return new FlavorNeedsLoader({ source, reason: line === AT_DECORATOR ? `${line}, as a decorator is to it` : line }, { cause: refused });
}

function nearestTsconfig(file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, 'tsconfig.json');
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return undefined;
  }
}
