import * as types from 'node:util/types';
import { ImportFailed, isMortiseError } from '../errors.ts';
import { nearest } from '../errors/wording.ts';
import { reasonOf } from '../execution/outcome.ts';
import { fileOfPackage, findFlavorModule, partsOf } from '../stack/find-flavor-module.ts';
import { isPath } from '../stack/flavor-source.ts';
import { importFlavorModule } from '../stack/import-flavor-module.ts';
import type { RunImporter, RunImporterFactory, RunImportOptions } from './run-importer.ts';

/** Of these we have an importer, in the package of that name. */
const VENDORS = ['comet', 'mlflow', 'neptune', 'wandb'];

/**
 * Makes the importer of a vendor (`wandb` is `@mortise/wandb/import`), or of another package or path from the project's root, for what is to be read.
 * @throws ImportFailed, FlavorModuleNotFound, FlavorNeedsLoader
 */
export async function loadImporter(vendor: string, from: string, root: string, options: RunImportOptions): Promise<RunImporter> {
  const specifier = VENDORS.includes(vendor) ? `@mortise/${vendor}/import` : vendor;
  const factory = await importFactory(specifier, from, root);
  const importer = await orFailed(from, () => factory(from, options));
  if (typeof importer?.vendor !== 'string' || typeof importer.runs !== 'function') throw noImporter(specifier, from);
  return importer;
}

async function importFactory(specifier: string, from: string, root: string): Promise<RunImporterFactory> {
  const file = fileOf(specifier, from, root);
  const module = await orFailed(from, () => importFlavorModule(file, specifier, root));
  if (typeof module['default'] !== 'function') throw noImporter(specifier, from);
  return module['default'] as RunImporterFactory;
}

function fileOf(specifier: string, from: string, root: string): string {
  const { name } = partsOf(specifier);
  const isInstalled = isPath(specifier) || [`${name}/package.json`, specifier].some((file) => fileOfPackage(file, root) !== undefined);
  if (isInstalled) return findFlavorModule(specifier, root);
  const reason = `${name} is not installed in this project`;
  if (name.startsWith('@mortise/')) throw new ImportFailed({ from, reason, advice: `Run "npm install ${name}".` });
  const near = nearest(name, VENDORS);
  const advice =
    near === undefined
      ? `Importers are there for ${VENDORS.join(', ')}; others are given by their package or path.`
      : `Did you mean "${near}"?`;
  throw new ImportFailed({ from, reason, advice });
}

/** What is thrown for people stays as it is; anything else is told in one line. */
export async function orFailed<T>(from: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isMortiseError(error) || (types.isNativeError(error) && error.name === 'AbortError')) throw error;
    throw new ImportFailed({ from, reason: reasonOf(error) }, { cause: error });
  }
}

function noImporter(specifier: string, from: string): Error {
  return new ImportFailed({ from, reason: `the default export of ${specifier} makes no importer of runs` });
}
