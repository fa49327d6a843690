import { realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { FlavorModuleNotFound } from '../errors.ts';
import { isPath } from './flavor-source.ts';
import { exportedFile, exportedSubpaths } from './package-exports.ts';
import { findPackage, isFile, isGiven, packageAt, type FoundPackage } from './package-folder.ts';

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
  const found = findPackage(name, from);
  if (found !== undefined) return fileInPackage(found, subpath);
  try {
    // A package that is found by other means than node_modules.
    const file = createRequire(join(from, 'package.json')).resolve(specifier);
    return isFile(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** `@acme/bell/lib/x` → `@acme/bell` and `./lib/x`. */
export function partsOf(specifier: string): { name: string; subpath: string } {
  const parts = specifier.split('/');
  const length = specifier.startsWith('@') ? 2 : 1;
  return { name: parts.slice(0, length).join('/'), subpath: ['.', ...parts.slice(length)].join('/') };
}

function fileAtPath(path: string): string | undefined {
  if (isFile(path)) return path;
  const found = packageAt(path);
  return found.json === undefined ? undefined : fileInPackage(found, '.');
}

function fileInPackage({ folder, json }: FoundPackage, subpath: string): string | undefined {
  if (json === null) return undefined;
  const exported = json?.['exports'];
  if (isGiven(exported)) {
    const file = exportedFile(exported, subpath);
    return file !== undefined && isFile(join(folder, file)) ? join(folder, file) : undefined;
  }
  if (subpath !== '.') return withEnding(join(folder, subpath));
  const main = json?.['main'];
  // Node finds its way without the file that `main` names, too; asked for it, it would print a warning.
  return (typeof main === 'string' ? withEnding(join(folder, main)) : undefined) ?? withEnding(join(folder, 'index'));
}

function withEnding(path: string): string | undefined {
  return ['', '.js', '.json', '.node', '/index.js'].map((ending) => path + ending).find(isFile);
}

function notFound(specifier: string, root: string): Error {
  if (isPath(specifier)) return pathNotFound(specifier, root);
  const { name, subpath } = partsOf(specifier);
  const found = findPackage(name, root);
  if (isFile(resolve(root, specifier)))
    return new FlavorModuleNotFound({ specifier, looked: lookedFor(name, root), near: `./${specifier}` });
  if (found !== undefined) return new FlavorModuleNotFound({ specifier, ...notInPackage(found, name, subpath) });
  const [, plain] = /^(@?[^@]+)@/.exec(name) ?? [];
  const looked = lookedFor(name, root);
  if (plain !== undefined && findPackage(plain, root) !== undefined)
    return new FlavorModuleNotFound({ specifier, looked, near: plain + subpath.slice(1) });
  return new FlavorModuleNotFound({ specifier, looked, install: name });
}

const lookedFor = (name: string, root: string): string => `${join(root, 'node_modules', name)} and in the folders above`;

/** What a package that is there lacks. */
function notInPackage(
  { folder, json }: FoundPackage,
  name: string,
  subpath: string,
): { looked: string; damaged?: string; known?: string[] } {
  if (json === null) return { looked: `"${subpath}" in ${folder}, whose package.json cannot be read`, damaged: name };
  const exported = json?.['exports'];
  if (!isGiven(exported)) return { looked: `"${subpath}" in ${folder}`, damaged: name };
  const file = exportedFile(exported, subpath);
  if (file !== undefined) return { looked: `${join(folder, file)}, which the exports of "${name}" name`, damaged: name };
  const known = exportedSubpaths(exported).map((path) => name + path.slice(1));
  return { looked: `"${subpath}" in ${folder}`, known };
}

function pathNotFound(specifier: string, root: string): Error {
  const path = resolve(root, specifier);
  const near = otherSpelling(specifier, root);
  const why = whyUnseen(path);
  const found = packageAt(path);
  if (found.json !== undefined) {
    const { known: _, ...lacks } = notInPackage(found, specifier, '.');
    return new FlavorModuleNotFound({ specifier, ...lacks });
  }
  return new FlavorModuleNotFound({
    specifier,
    looked: why === undefined ? path : `${path} (${why})`,
    ...(near !== undefined && { near }),
  });
}

/** What keeps a path from being looked at: `ELOOP`. */
function whyUnseen(path: string): string | undefined {
  try {
    statSync(path, { throwIfNoEntry: false });
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** A file beside it that differs in its ending only. */
function otherSpelling(path: string, root: string): string | undefined {
  const stem = join(dirname(path), basename(path, extname(path)));
  const found = ['.ts', '.js', '.mts', '.mjs', '.cjs'].find((ending) => isFile(resolve(root, stem + ending)));
  return found && (isPath(stem) ? stem + found : `./${stem}${found}`);
}
