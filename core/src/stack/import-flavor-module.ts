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
  try {
    return (await import(url)) as ModuleExports;
  } catch (error) {
    if (!isTypeScript(file) || !isForLoader(error)) throw error;
    return importByTsx(file, source, root, error);
  }
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
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  return name === 'SyntaxError' || LOADER_CODES.has(String(code));
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

/** A module that is missing is missing with tsx too, as often as not. */
function withoutTsx(source: string, refused: unknown): unknown {
  const { code, message } = refused as { code?: unknown; message?: unknown };
  if (code === 'ERR_MODULE_NOT_FOUND') return refused;
  return new FlavorNeedsLoader({ source, reason: String(message).split('\n', 1)[0]! }, { cause: refused });
}

function nearestTsconfig(file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, 'tsconfig.json');
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return undefined;
  }
}
