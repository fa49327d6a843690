import { dirname, join } from 'node:path';

import type { StampedFiles } from './stamped-files.ts';

export interface InstalledPackage {
  name: string;
  version: string;
}

/** Packages of Mortise whose versions stand for their code even where they are symlinks into a checkout, as third-party packages' do. Its examples are users' code. */
const OWN_PACKAGE = /^@mortise\/(?!example-)/;

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
