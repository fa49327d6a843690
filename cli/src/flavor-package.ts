import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ComponentType } from './component-types.ts';

/** The same places seen from src/ and from dist/. */
const templates = fileURLToPath(new URL('../templates/', import.meta.url));
const packageFile = new URL('../package.json', import.meta.url);

/** Files of `templates/` that npm would not publish by their own names. */
const NAMES: Readonly<Record<string, string>> = { gitignore: '.gitignore' };

/** A package that has a flavor. */
export interface FlavorPackage {
  type: ComponentType;
  /** Of the flavor: lower-case words with hyphens between them. */
  name: string;
  /** Absolute path. */
  folder: string;
}

/** What npm takes as a part of a package's name, and TypeScript, in capitals, as that of a class. */
export const isFlavorPackageName = (name: string): boolean => /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) && name.length <= 100;

export const packageNameOf = (name: string): string => `mortise-${name}`;

/** Writes the package, a working one, and gives the paths of its files. The folder must be empty, or not be there. */
export function writeFlavorPackage({ type, name, folder }: FlavorPackage): string[] {
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const words: Readonly<Record<string, string>> = {
    'flavor-name': name,
    FlavorName: name.replace(/(?:^|-)(.)/g, (_, first: string) => first.toUpperCase()),
    'component-type': type.replaceAll('-', ' '),
    '0.0.0-mortise': version,
  };
  const anyWord = new RegExp(Object.keys(words).join('|'), 'g');
  return ['shared', type].flatMap((template) =>
    filesIn(join(templates, template)).map((file) => {
      const text = readFileSync(join(templates, template, file), 'utf8').replace(anyWord, (word) => words[word]!);
      const path = NAMES[file] ?? file;
      makeFolder(dirname(join(folder, path)));
      writeFileSync(join(folder, path), text, { flag: 'wx' });
      return path;
    }),
  );
}

/** Node's own way to make all of a path never returns where the file system takes no folders (`/proc`). */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
