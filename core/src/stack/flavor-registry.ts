import { isDeepStrictEqual } from 'node:util';
import {
  BuiltInShadowed,
  FlavorBroken,
  FlavorBuiltIn,
  FlavorImportFailed,
  FlavorNameTaken,
  isError,
  isMortiseError,
  ShadowNeeded,
} from '../errors.ts';
import type { Project } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { BUILTIN_SOURCE, builtinDescriptor, findDescriptor, flavorDescriptors } from './builtin-flavors.ts';
import { configFor } from './component-config.ts';
import { describeAnew, flavorModule, type FlavorModule } from './current-flavor.ts';
import { describeFlavor } from './describe-flavor.ts';
import { brokenBy } from './flavor-broken.ts';
import { parseFlavorSource, sourceText } from './flavor-source.ts';
import type { ConfigKey, FlavorDescriptor, StoredFlavor } from './flavor.ts';
import { importFlavor, importFrom } from './import-flavor.ts';
import { creatorOf, noted, problemOf } from './load-flavor.ts';
import { installAdvice } from './missing-package.ts';
import { parseComponentType } from './parse-component-type.ts';
import { messageOf } from './thrown-text.ts';

/** A flavor to register. `source` is `<package or path from the project root>#<export>`, as a person types it. */
export interface NewFlavor {
  type: string;
  source: string;
}

export interface FlavorOptions {
  /** It may take the place of another one of its name. */
  force?: boolean;
  /** Called before a module is imported. */
  onLoad?: (module: FlavorModule) => void;
}

/** What became of a flavor that was loaded anew. */
export interface RefreshedFlavor {
  type: FlavorDescriptor['type'];
  name: string;
  source: string;
  /** Why it cannot be loaded; null: it can be. */
  problem: string | null;
  /** What is different now, in words: `version 1.0.0 -> 1.1.0`, `config key "url" is new`. */
  changes: string[];
}

/** The flavors of a project. Whatever is wrong with one is found before anything is stored. */
export class FlavorRegistry {
  readonly #store: MetadataStore;
  readonly #project: Project;

  constructor(place: { store: MetadataStore; project: Project }) {
    this.#store = place.store;
    this.#project = place.project;
  }

  /** Registers a flavor: imports it, all its parts, once. Throws as `examine`. */
  async register(flavor: NewFlavor, options: FlavorOptions = {}): Promise<FlavorDescriptor> {
    const descriptor = await this.examine(flavor, options);
    if (options.force === true) await this.#store.saveFlavors([descriptor]);
    else await this.#store.addFlavor(descriptor);
    return descriptor;
  }

  /**
   * What `register` would store.
   * @throws UnknownComponentType, BadFlavorSource, FlavorModuleNotFound, FlavorNeedsLoader, FlavorImportFailed, FlavorExportMissing, NotAFlavor,
   * FlavorWrongType, FlavorWrongApiVersion, FlavorBadSchema, FlavorNameTaken, BuiltInShadowed
   */
  async examine({ type: typed, source: text }: NewFlavor, { force = false, onLoad }: FlavorOptions = {}): Promise<FlavorDescriptor> {
    const type = parseComponentType(typed);
    const { root } = this.#project;
    const module = flavorModule(sourceText(parseFlavorSource(text, root)), root);
    const { source, version } = module;
    onLoad?.(module);
    const { flavor } = await importFrom(source, type, root);
    if (!force) await this.#refuseTaken(flavor, source);
    const descriptor = await describeFlavor(flavor, source, version);
    await loadable(source, () => creatorOf(flavor));
    return descriptor;
  }

  /**
   * Deletes a flavor that no component is of. One that took the place of a flavor of Mortise gives it back, also to its components.
   * @throws UnknownComponentType, UnknownFlavor, FlavorBuiltIn, FlavorInUse, ShadowNeeded
   */
  async delete(typed: string, name: string): Promise<void> {
    const type = parseComponentType(typed);
    const { source } = findDescriptor(await flavorDescriptors(this.#store), type, name);
    if (source === BUILTIN_SOURCE) throw new FlavorBuiltIn({ type, flavor: name });
    const builtin = await builtinDescriptor(type, name);
    if (builtin === undefined) return this.#store.deleteFlavor(type, name);
    await this.#requireFitting(builtin);
    await this.#store.saveFlavors([builtin]);
  }

  /** That the components of a flavor could be of this one. Throws ShadowNeeded. */
  async #requireFitting(descriptor: FlavorDescriptor): Promise<void> {
    const { type, name: flavor } = descriptor;
    for (let after: string | undefined; ;) {
      const { items, next } = await this.#store.components({ type, flavor, limit: 1000, ...(after !== undefined && { after }) });
      for (const { name, config } of items)
        try {
          await configFor(descriptor, config, this.#project);
        } catch (error) {
          if (!isMortiseError(error)) throw error;
          throw new ShadowNeeded({ type, flavor, component: name, reason: error.message }, { cause: error });
        }
      if (next === undefined) return;
      after = next;
    }
  }

  /**
   * Loads flavors anew, from the sources that they were registered from, and stores what they are now. Those that cannot be loaded are noted as broken.
   * A process that has imported a module before has it as it was then.
   * @param which all flavors that do not come with Mortise, those of a type, or the one of a type with this name
   * @throws UnknownComponentType, UnknownFlavor
   */
  async refresh(which: { type?: string; name?: string } = {}, { onLoad }: FlavorOptions = {}): Promise<RefreshedFlavor[]> {
    const type = which.type === undefined ? undefined : parseComponentType(which.type);
    const all = (await flavorDescriptors(this.#store)).filter((flavor) => type === undefined || flavor.type === type);
    const chosen = type === undefined || which.name === undefined ? all : [findDescriptor(all, type, which.name)];
    const refreshed: RefreshedFlavor[] = [];
    for (const flavor of chosen.filter(({ source }) => source !== BUILTIN_SOURCE)) refreshed.push(await this.#refresh(flavor, onLoad));
    return refreshed;
  }

  async #refresh(flavor: StoredFlavor, onLoad: FlavorOptions['onLoad']): Promise<RefreshedFlavor> {
    const { problem, ...stored } = flavor;
    const { type, name, source } = stored;
    const about = { type, name, source };
    try {
      const descriptor = await noted(flavor, { store: this.#store, project: this.#project }, () => this.#describeAnew(stored, onLoad));
      if (!(await this.#store.updateFlavor(descriptor))) return { ...about, problem: null, changes: ['was deleted or replaced meanwhile'] };
      const again = problem === undefined ? [] : [`can be loaded again (it was broken: ${problem.reason})`];
      return { ...about, problem: null, changes: [...again, ...changesOf(stored, descriptor)] };
    } catch (error) {
      const reason = problemOf(error);
      if (reason === undefined) throw error;
      return { ...about, problem: reason, changes: [] };
    }
  }

  /** Throws FlavorBroken, MissingPackage. */
  async #describeAnew(stored: FlavorDescriptor, onLoad: FlavorOptions['onLoad']): Promise<FlavorDescriptor> {
    try {
      const module = flavorModule(stored.source, this.#project.root);
      onLoad?.(module);
      const flavor = await importFlavor(stored, this.#project.root);
      await creatorOf(flavor);
      return await describeAnew(flavor, stored, module.version);
    } catch (error) {
      throw brokenBy(stored, error);
    }
  }

  async #refuseTaken({ type, name }: Pick<FlavorDescriptor, 'type' | 'name'>, source: string): Promise<void> {
    const holder = (await flavorDescriptors(this.#store)).find((flavor) => flavor.type === type && flavor.name === name);
    if (holder === undefined) return;
    if (holder.source === BUILTIN_SOURCE) throw new BuiltInShadowed({ type, flavor: name, source });
    throw new FlavorNameTaken({ type, flavor: name, source, registered: holder.source });
  }
}

/** What cannot be loaded on the day of its registration is not registered. */
async function loadable(source: string, load: () => Promise<unknown>): Promise<void> {
  try {
    await load();
  } catch (error) {
    if (!isError(error, FlavorBroken)) throw error;
    const { cause = error } = error;
    const reason = cause === error ? error.facts.reason : messageOf(cause);
    throw new FlavorImportFailed({ source, doing: 'while its implementation was imported', reason, ...installAdvice(cause) }, { cause });
  }
}

function changesOf(before: FlavorDescriptor, after: FlavorDescriptor): string[] {
  const version = before.version === after.version ? [] : [`version ${before.version} -> ${after.version}`];
  return [...version, ...changedKeys('config', before.config, after.config), ...changedKeys('setting', before.settings, after.settings)];
}

function changedKeys(of: string, before: readonly ConfigKey[], after: readonly ConfigKey[]): string[] {
  const what = of === 'config' ? 'config key' : of;
  const isIn = (keys: readonly ConfigKey[], key: string): ConfigKey | undefined => keys.find((row) => row.key === key);
  return [
    ...after
      .filter(({ key }) => isIn(before, key) === undefined)
      .map(({ key, required }) => `${what} "${key}" is new${required ? ', and required' : ''}`),
    ...before.filter(({ key }) => isIn(after, key) === undefined).map(({ key }) => `${what} "${key}" is gone`),
    ...after
      .filter((row) => isIn(before, row.key) !== undefined && !isDeepStrictEqual(isIn(before, row.key), row))
      .map(({ key }) => `${what} "${key}" changed`),
  ];
}
