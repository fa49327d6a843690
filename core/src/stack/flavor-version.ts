import { realpathSync } from 'node:fs';
import { basename, dirname, relative, sep } from 'node:path';
import { partsOf } from './find-flavor-module.ts';
import { isPath } from './flavor-source.ts';
import { findPackage, packageAt } from './package-folder.ts';

/** What stands for the version of a module that belongs to no package with one. */
const NO_VERSION = '-';

/** Version of the package that a flavor's module belongs to, and not of one that this is only inside of. */
export function flavorVersion({ specifier, file, root }: { specifier: string; file: string; root: string }): string {
  if (!isPath(specifier)) {
    const installed = findPackage(partsOf(specifier).name, root);
    if (installed !== undefined) return versionIn(installed.json) ?? NO_VERSION;
  }
  const top = realpathSync(root);
  for (let folder = dirname(file); isOwn(folder, top); folder = dirname(folder)) {
    const { json } = packageAt(folder);
    const version = versionIn(json);
    if (version !== undefined) return version;
    const isWhole = typeof json?.['name'] === 'string' || basename(dirname(folder)) === 'node_modules';
    if (isWhole || folder === dirname(folder)) return NO_VERSION;
  }
  return NO_VERSION;
}

/** Whether a package there could be the flavor's own: it is the project or in it, or stands beside it. */
function isOwn(folder: string, root: string): boolean {
  return !relative(folder, root)
    .split(sep)
    .every((step) => step !== '..' && step !== '');
}

function versionIn(json: Record<string, unknown> | null | undefined): string | undefined {
  const version = json?.['version'];
  return typeof version === 'string' ? version : undefined;
}
