import {
  FlavorExportMissing,
  FlavorImportFailed,
  FlavorWrongApiVersion,
  FlavorWrongType,
  isError,
  isMortiseError,
  NotAFlavor,
} from '../errors.ts';
import { BadFlavor, FlavorBadSchema } from '../errors.ts';
import { BUILTIN_SOURCE, builtinFlavor } from './builtin-flavors.ts';
import { COMPONENT_TYPES, type ComponentType } from './component-types.ts';
import { API_VERSION, flavorFlaw, isFlavor, type FlavorFlaw } from './define-flavor.ts';
import { answerOf } from './flavor-answer.ts';
import { brokenBy } from './flavor-broken.ts';
import { findFlavorModule } from './find-flavor-module.ts';
import { parseFlavorSource, sourceText } from './flavor-source.ts';
import type { Flavor, FlavorDescriptor } from './flavor.ts';
import { importByTsx, importFlavorModule, isForLoader, isTypeScript, type ModuleExports } from './import-flavor-module.ts';
import { installAdvice } from './missing-package.ts';
import { isOfStandardDecorators, STANDARD_DECORATORS } from './standard-decorators.ts';
import { messageOf } from './thrown-text.ts';

/** A flavor that was imported, and the file that it came from. */
export interface ImportedFlavor {
  flavor: Flavor;
  file: string;
}

/**
 * Imports the flavor that a descriptor was made from, wherever that comes from.
 * @throws FlavorBroken whatever is wrong with it
 */
export async function importFlavor(descriptor: FlavorDescriptor, root: string): Promise<Flavor> {
  const { type, name, source } = descriptor;
  if (source === BUILTIN_SOURCE) return builtinFlavor(type, name);
  try {
    const { flavor } = await importFrom(source, type, root);
    if (flavor.name === name) return flavor;
    throw new NotAFlavor({ source, reason: `its name is "${flavor.name}" now` });
  } catch (error) {
    throw brokenBy({ type, name }, error);
  }
}

/**
 * Imports a flavor of a type from a source, and checks what it is.
 * @param source `<package or path from the root>#<export>`
 * @throws BadFlavorSource, FlavorModuleNotFound, FlavorNeedsLoader, FlavorImportFailed, FlavorExportMissing, NotAFlavor, FlavorWrongType,
 * FlavorWrongApiVersion, FlavorBadSchema
 */
export async function importFrom(source: string, type: ComponentType, root: string): Promise<ImportedFlavor> {
  const { specifier, exported } = parseFlavorSource(source, root);
  const file = findFlavorModule(specifier, root);
  const shown = sourceText({ specifier, exported });
  const pick = (module: ModuleExports): Flavor => {
    const right = (): string | undefined => exportOfType(module, type, specifier);
    return checked(exportOf(module, exported, specifier), { source: shown, type, right });
  };
  try {
    const flavor = pick(await answerOf(() => importFlavorModule(file, specifier, root)));
    if (!isTypeScript(file)) return { flavor, file };
    return { flavor: withLoader(flavor, async (refused) => pick(await answerOf(() => importByTsx(file, specifier, root, refused)))), file };
  } catch (error) {
    throw atRegistration(error, { source: shown, specifier, type });
  }
}

/** Config, settings and implementation are imported later, and it may be only there that Node meets what it cannot load. */
function withLoader(flavor: Flavor, byTsx: (refused: unknown) => Promise<Flavor>): Flavor {
  const orByTsx =
    <T>(part: (of: Flavor) => Promise<T>) =>
    async (): Promise<T> => {
      try {
        return await part(flavor);
      } catch (error) {
        if (!isForLoader(error)) throw error;
        return part(await byTsx(error));
      }
    };
  const { config, settings } = flavor;
  return {
    ...flavor,
    ...(config !== undefined && { config: orByTsx((of) => of.config!()) }),
    ...(settings !== undefined && { settings: orByTsx((of) => of.settings!()) }),
    load: orByTsx((of) => of.load()),
  };
}

/** What a module exports under a name. Of a CommonJS one, Node may know no names but `default`: then they are looked for in what that is. */
function exportOf(module: ModuleExports, name: string, specifier: string): unknown {
  const found = module[name];
  const inner = innerExports(module);
  const given = isFlavor(found) ? found : (inner[name] ?? found);
  const meansAnother = given === module['default'] && Object.values(inner).some(isFlavor);
  if (given !== undefined && !meansAnother) return given;
  const names = Object.entries(Object.keys(inner).length === 0 ? module : inner).filter(([key]) => !OF_NODE.has(key));
  const flavorsFirst = names.toSorted(([, a], [, b]) => Number(isFlavor(b)) - Number(isFlavor(a)));
  throw new FlavorExportMissing({ specifier, wanted: name, exports: flavorsFirst.map(([key]) => key) });
}

/** Names that Node and compilers give to CommonJS modules. */
const OF_NODE: ReadonlySet<string> = new Set(['module.exports', '__esModule']);

/** The source of a flavor of this type that the module exports. */
function exportOfType(module: ModuleExports, type: ComponentType, specifier: string): string | undefined {
  const all = Object.entries({ ...innerExports(module), ...module });
  const [exported] = all.find(([key, value]) => !OF_NODE.has(key) && isFlavor(value) && value.type === type) ?? [];
  return exported && sourceText({ specifier, exported });
}

/** What hangs on the default export, if that holds flavors and is none. */
function innerExports(module: ModuleExports): ModuleExports {
  const whole = module['default'];
  if (typeof whole !== 'object' || whole === null || isFlavor(whole)) return {};
  return Object.values(whole).some(isFlavor) ? (whole as ModuleExports) : {};
}

function checked(value: unknown, { source, type, right }: { source: string; type: ComponentType; right(): string | undefined }): Flavor {
  if (!isFlavor(value)) throw new NotAFlavor({ source, reason: `it is ${kindOf(value)} that was not made by defineFlavor()` });
  const flaw = flavorFlaw(value);
  if (flaw !== undefined) throw flawed(flaw, value, { source, type });
  if (value.type !== type) throw wrongType(value.type, { source, type, right: right() });
  return value;
}

/** What a module throws while it is imported, in words for who registers the flavor. A wrong literal is thrown by its own call of `defineFlavor`. */
function atRegistration(error: unknown, place: { source: string; specifier: string; type: ComponentType }): unknown {
  if (isError(error, BadFlavor)) {
    const { fault = 'literal', reason, literal } = error.facts;
    return flawed({ fault: fault as FlavorFlaw['fault'], reason }, literal, place, error);
  }
  if (isMortiseError(error)) return error;
  const why = isOfStandardDecorators(error) ? STANDARD_DECORATORS : { reason: messageOf(error), ...installAdvice(error) };
  return new FlavorImportFailed({ source: place.specifier, doing: 'while it was imported', ...why }, { cause: error });
}

function flawed({ fault, reason }: FlavorFlaw, literal: unknown, place: { source: string; type: ComponentType }, cause?: unknown): Error {
  const { source } = place;
  const given = (literal ?? {}) as { apiVersion?: unknown; type?: unknown };
  if (fault === 'apiVersion')
    return new FlavorWrongApiVersion({ source, apiVersion: JSON.stringify(given.apiVersion) ?? 'none', known: API_VERSION }, { cause });
  if (fault === 'type') return wrongType(String(given.type), place, cause);
  if (fault === 'config' || fault === 'settings' || fault === 'secrets')
    return new FlavorBadSchema({ source, of: fault, reason }, { cause });
  return new NotAFlavor({ source, reason }, { cause });
}

function wrongType(type: string, place: { source: string; type: ComponentType; right?: string | undefined }, cause?: unknown): Error {
  const { source, type: wanted, right } = place;
  return new FlavorWrongType({ source, type, wanted, known: COMPONENT_TYPES.map((row) => row.type), right }, { cause });
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
