import { existsSync, readdirSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { ComponentType } from '../component-types.ts';
import { count } from '../count.ts';
import { isFlavorPackageName, packageNameOf, writeFlavorPackage } from '../flavor-package.ts';
import { printLine } from '../print.ts';
import { projectCore } from '../project-core.ts';

/** Writes a package to begin with. Needs no project. */
export async function newFlavor(type: ComponentType, name: string, options: { folder?: string }): Promise<void> {
  const { BadUsage, FolderNotWritable } = await projectCore();
  if (!isFlavorPackageName(name))
    throw new BadUsage({
      what: `${JSON.stringify(name)} is no name for a new flavor`,
      advice: 'Use lower-case letters and digits, beginning with a letter, with a "-" between words, e.g. "my-flavor".',
    });
  const packageName = packageNameOf(name);
  const folder = resolve(options.folder ?? packageName);
  const shown = pathFromHere(folder);
  try {
    if (holdsSomething(folder)) throw new BadUsage({ what: `${shown} is there already`, advice: 'Name another folder with --folder.' });
    const files = writeFlavorPackage({ type, name, folder });
    printLine(`wrote the package ${packageName} to ${shown}: ${count(files.length, 'file')}`);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new FolderNotWritable({ folder: shown, reason: code ?? syscall }, { cause: error });
  }
  printLine(`  see it pass its tests:  cd ${shown} && npm install && npm test`);
  printLine(`  use it in a project:    npm install ${shown} && npx mortise ${type} flavor register ${packageName}`);
}

/** As npm takes it for a folder and not for a package's name. */
function pathFromHere(folder: string): string {
  const path = relative('', folder);
  return path.startsWith('..') || isAbsolute(path) ? path : `.${sep}${path}`;
}

/** Whether something of the user's would be mixed with what is written. */
function holdsSomething(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code!)) throw error;
    return existsSync(folder);
  }
}
