import { readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { FlavorModuleNotFound } from '../errors.ts';
import { isPath } from './flavor-source.ts';
import { exportedFile } from './package-exports.ts';

/** What stands for the version of a module that belongs to no package with one. */
const NO_VERSION = '-';

/**
 * The file that an `import` of a package or path in the project's root would load. Looks at the disk, and imports nothing.
 * @throws FlavorModuleNotFound
 */
export function findFlavorModule(specifier: string, root: string): string {
  const file = isPath(specifier) ? fileAtPath(resolve(root, specifier)) : fileOfPackage(specifier, root);
  if (file === undefined) throw notFound(specifier, root);
  // As Node names modules, so that a package that is linked is not loaded twice.
  return realpathSync(file);
}

/** The file that a module of a package is, seen from a folder; undefined: no such package or module there. */
export function fileOfPackage(specifier: string, from: string): string | undefined {
  const { name, subpath } = partsOf(specifier);
  const folder = packageFolder(name, from);
  if (folder !== undefined) return fileInPackage(folder, subpath);
  try {
    // A package that has the project's own name, or that is found by other means than node_modules.
    const file = createRequire(join(from, 'package.json')).resolve(specifier);
    return isFile(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** Version of the package that a file belongs to: of the nearest package.json that has one. */
export function packageVersion(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const version = packageJson(folder)?.['version'];
    if (typeof version === 'string') return version;
    if (folder === dirname(folder)) return NO_VERSION;
  }
}

function fileAtPath(path: string): string | undefined {
  if (isFile(path)) return path;
  return packageJson(path) === undefined ? undefined : fileInPackage(path, '.');
}

function fileInPackage(folder: string, subpath: string): string | undefined {
  const { exports } = packageJson(folder) ?? {};
  if (exports !== undefined && exports !== null) {
    const file = exportedFile(exports, subpath);
    return file !== undefined && isFile(join(folder, file)) ? join(folder, file) : undefined;
  }
  try {
    return createRequire(join(folder, 'package.json')).resolve(join(folder, subpath));
  } catch {
    return undefined;
  }
}

function packageFolder(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (packageJson(candidate) !== undefined) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

function notFound(specifier: string, root: string): Error {
  if (isPath(specifier)) {
    const looked = resolve(root, specifier);
    const near = otherSpelling(specifier, root);
    return new FlavorModuleNotFound({ specifier, looked, ...(near !== undefined && { near }) });
  }
  const { name, subpath } = partsOf(specifier);
  const folder = packageFolder(name, root);
  const looked = folder === undefined ? `${join(root, 'node_modules', name)} and in the folders above` : `"${subpath}" in ${folder}`;
  if (isFile(resolve(root, specifier))) return new FlavorModuleNotFound({ specifier, looked, near: `./${specifier}` });
  return new FlavorModuleNotFound({ specifier, looked, ...(folder === undefined && { install: name }) });
}

/** A file beside it that differs in its ending only. */
function otherSpelling(path: string, root: string): string | undefined {
  const stem = join(dirname(path), basename(path, extname(path)));
  const found = ['.ts', '.js', '.mts', '.mjs', '.cjs'].find((ending) => isFile(resolve(root, stem + ending)));
  return found && (isPath(stem) ? stem + found : `./${stem}${found}`);
}

function partsOf(specifier: string): { name: string; subpath: string } {
  const parts = specifier.split('/');
  const length = specifier.startsWith('@') ? 2 : 1;
  return { name: parts.slice(0, length).join('/'), subpath: ['.', ...parts.slice(length)].join('/') };
}

function packageJson(folder: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
