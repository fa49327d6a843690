import { isBuiltin } from 'node:module';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BadFlavorSource } from '../errors.ts';

/** Where a flavor comes from. */
export interface FlavorSource {
  /** An npm package, maybe with a path in it, or a path from the project root that begins with `./` or `../`. */
  specifier: string;
  /** Name of the export that is the flavor. */
  exported: string;
}

/**
 * Reads `<package or path>#<export>` as a person types it: a path is meant from the project root, without `#` it is the default export.
 * @throws BadFlavorSource
 */
export function parseFlavorSource(text: string, root: string): FlavorSource {
  const at = text.indexOf('#', 1);
  const [place, exported] = at === -1 ? [text, 'default'] : [text.slice(0, at), text.slice(at + 1)];
  const refuse = (reason: string): Error => new BadFlavorSource({ source: text, reason });
  if (place.trim() === '') throw refuse('it is empty');
  if (exported === '') throw refuse('nothing follows the #');
  if (place.startsWith('#')) throw refuse('names that begin with # are known inside their own package only');
  if (place.startsWith('file:')) {
    const path = pathOf(place);
    if (path === undefined) throw refuse('it is no file: URL of this machine');
    return { specifier: fromRoot(path, root), exported };
  }
  if (isBuiltin(place)) throw refuse('it is a module of Node itself');
  if (/^[a-z][a-z0-9+.-]*:/i.test(place) && !isAbsolute(place)) throw refuse('URLs are not loaded');
  if (isAbsolute(place) || isPath(place)) return { specifier: fromRoot(place, root), exported };
  if (!/^(?:@[^/\s]+\/)?[^/@\s][^\s]*$/.test(place)) throw refuse('it is no name of a package');
  return { specifier: place, exported };
}

/** As it is stored: `./flavors/csv.ts#default`. */
export function sourceText({ specifier, exported }: FlavorSource): string {
  return `${specifier}#${exported}`;
}

/** Whether a specifier is a path and not the name of a package. */
export function isPath(specifier: string): boolean {
  return /^\.\.?(?:[\\/]|$)/.test(specifier);
}

function pathOf(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

function fromRoot(path: string, root: string): string {
  const inside = relative(root, resolve(root, path)).split(sep).join('/');
  return isPath(inside) ? inside : `./${inside}`;
}
