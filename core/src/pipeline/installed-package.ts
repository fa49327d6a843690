import { dirname, join } from 'node:path';

import type { StampedFiles } from './stamped-files.ts';

export interface InstalledPackage {
  name: string;
  version: string;
}

/** Packages of Mortise whose versions stand for their code even where they are symlinks into a checkout, as third-party packages' do. Its examples are users' code. */
const OWN_PACKAGE = /^@mortise\/(?!example-)/;

/** The innermost of them, as package managers nest them. */
const INSTALLED_FOLDER = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/;

export function isOwnPackage(name: string): boolean {
  return OWN_PACKAGE.test(name);
}

/** `@scope/name/sub/path` → `@scope/name`. */
export function packageNameOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The package that a file belongs to: the nearest package.json with a name (`dist/esm/package.json` often has only a type). */
export function packageOfFile(path: string, files: StampedFiles): InstalledPackage | undefined {
  for (const folder of foldersAbove(path)) {
    const found = toPackage(files.json(join(folder, 'package.json')));
    if (found) return found;
  }
  return undefined;
}

/**
 * The third-party package that a file is installed with, if it has a version, which stands for its code. That of the folder in `node_modules`: folders within
 * may have a package.json with a name of their own, without a version or with one that never changes.
 */
export function thirdPartyOf(path: string, files: StampedFiles): InstalledPackage | undefined {
  const folder = INSTALLED_FOLDER.exec(path)?.[0];
  const found = folder === undefined ? undefined : toPackage(files.json(join(folder, 'package.json')));
  return found?.version === '' ? undefined : found;
}

/** `type` of the package.json that Node reads for a file: it decides whether a `.js` or `.ts` file is a module. */
export function moduleTypeOf(path: string, files: StampedFiles): string {
  for (const folder of foldersAbove(path)) {
    const json = files.json(join(folder, 'package.json'));
    if (json !== undefined) return typeof json === 'object' && json !== null && 'type' in json ? String(json.type) : '';
  }
  return '';
}

/**
 * The package that a bare specifier reaches from a folder, by Node's walk through the `node_modules` above it, or the importer's own.
 * The folders that have none are stamped too: a nearer copy that appears later is noticed, and so is a link that moves.
 */
export function installedPackage(name: string, importer: string, files: StampedFiles): InstalledPackage | undefined {
  for (const folder of foldersAbove(importer)) {
    if (!files.exists(join(folder, 'node_modules'))) continue;
    files.follow(join(folder, 'node_modules', name));
    const found = toPackage(files.json(join(folder, 'node_modules', name, 'package.json')));
    if (found) return found;
  }
  const own = packageOfFile(importer, files);
  return own?.name === name ? own : undefined;
}

export function* foldersAbove(path: string): Generator<string> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    yield folder;
    if (folder === dirname(folder)) return;
  }
}

function toPackage(json: unknown): InstalledPackage | undefined {
  if (typeof json !== 'object' || json === null || !('name' in json) || typeof json.name !== 'string') return undefined;
  return { name: json.name, version: 'version' in json ? String(json.version) : '' };
}
