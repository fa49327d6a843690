import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { parseEditedJson } from '../parse-edited-json.ts';

/** A package by its folder, and what its package.json says: undefined without one, null for one that cannot be read. */
export interface FoundPackage {
  folder: string;
  json: PackageJson | null | undefined;
}

export type PackageJson = Record<string, unknown>;

/**
 * The package that an `import` of this name means in a folder: the one that the folder itself is in, if that has the name and says what it exports, else an
 * installed one.
 */
export function findPackage(name: string, from: string): FoundPackage | undefined {
  const own = ownPackage(from);
  if (own !== undefined && own.json?.['name'] === name && isGiven(own.json['exports'])) return own;
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (isFolder(candidate)) return packageAt(candidate);
    if (folder === dirname(folder)) return undefined;
  }
}

export function packageAt(folder: string): FoundPackage {
  return { folder, json: readPackageJson(folder) };
}

/** Whether a package says which of its files can be imported. */
export const isGiven = (exports: unknown): boolean => exports !== undefined && exports !== null;

export function isFile(path: string): boolean {
  return statOf(path)?.isFile() ?? false;
}

/** The package.json that is nearest, as Node looks for it. */
function ownPackage(from: string): FoundPackage | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (folder.endsWith('node_modules')) return undefined;
    const json = readPackageJson(folder);
    if (json !== undefined) return { folder, json };
    if (folder === dirname(folder)) return undefined;
  }
}

function readPackageJson(folder: string): PackageJson | null | undefined {
  const path = join(folder, 'package.json');
  if (!isFile(path)) return undefined;
  try {
    const value = parseEditedJson(readFileSync(path, 'utf8'));
    return typeof value === 'object' ? (value as PackageJson | null) : null;
  } catch {
    return null;
  }
}

const isFolder = (path: string): boolean => statOf(path)?.isDirectory() ?? false;

/** What cannot be looked at (a circle of links, a name that is too long) is not there. */
function statOf(path: string): ReturnType<typeof statSync> | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
