import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SPECIFIER = /(?:\bfrom |\bimport\()["']([^"']+)["']/g;

/** What the declarations of an installed package import that are reached from its entry points, without its own files and those of Node. */
export function declaredImports(folder) {
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = new Set(Object.values(exports).flatMap(({ types }) => (types === undefined ? [] : [join(folder, types)])));
  const found = new Set();
  // A set that grows while it is gone through is gone through to its end.
  for (const file of files)
    for (const [, specifier] of readFileSync(file, 'utf8').matchAll(SPECIFIER)) {
      const declaration = join(dirname(file), specifier.replace(/\.[jt]s$/, '.d.ts'));
      if (!specifier.startsWith('.')) found.add(specifier);
      else if (existsSync(declaration)) files.add(declaration);
      else found.add(`${specifier} of ${file}`);
    }
  return [...found].filter((specifier) => !specifier.startsWith('node:'));
}
