import { NameTaken, StackIncomplete, StackInUse, StackTooMany, UnknownComponent } from '../errors.ts';
import { newId } from '../id.ts';
import type { JsonObject } from '../json.ts';
import type { Project } from '../project/project.ts';
import { activeStackName, DEFAULT_STACK, readProjectConfig, writeProjectConfig } from '../project/project-config.ts';
import type { ComponentQuery, ComponentRecord, MetadataStore, Page, StackQuery, StackRecord } from '../store/metadata-store.ts';
import { findDescriptor, flavorDescriptors, importFlavor } from './builtin-flavors.ts';
import { checkName } from './component-name.ts';
import { COMPONENT_TYPES, type ComponentType } from './component-types.ts';
import { refuseReferences } from './config-reference.ts';
import { checkConfig } from './config-schema.ts';
import { findStack } from './find-stack.ts';
import { flavorLabel, schemaOf } from './flavor-schema.ts';
import type { FlavorDescriptor } from './flavor.ts';
import { parseComponentType } from './parse-component-type.ts';

/** A component to register. `type` and `flavor` are checked, so they may be what a person typed. */
export interface NewComponent {
  type: string;
  name: string;
  flavor: string;
  config: JsonObject;
}

/** Names of the components of a stack, by their type. Of a type that allows several, the first is the default. */
export type StackParts = { readonly [T in ComponentType]?: string | readonly string[] };

/** The components and stacks of a project. Every check is made before anything is stored. */
export class StackRegistry {
  readonly #store: MetadataStore;
  readonly #project: Project;

  constructor(place: { store: MetadataStore; project: Project }) {
    this.#store = place.store;
    this.#project = place.project;
  }

  /** Flavors of a type, or all. Imports none of them. Throws UnknownComponentType. */
  async flavors(type?: string): Promise<FlavorDescriptor[]> {
    return this.#store.flavors(type === undefined ? undefined : parseComponentType(type));
  }

  /** Throws UnknownComponentType, UnknownFlavor. */
  async flavor(type: string, name: string): Promise<FlavorDescriptor> {
    return findDescriptor(await this.flavors(type), parseComponentType(type), name);
  }

  /**
   * Registers a component with its config, as it was given (defaults are those of the flavor on the day of a run).
   * @param options.stringsFromCommandLine the config's texts may stand for numbers, booleans, lists, objects
   * @throws BadName, UnknownComponentType, UnknownFlavor, ConfigUnknownKey, ConfigMissingKey, ConfigWrongType, FlavorBroken, NameTaken
   */
  async registerComponent(component: NewComponent, options: { stringsFromCommandLine?: boolean } = {}): Promise<ComponentRecord> {
    const type = parseComponentType(component.type);
    const { name } = component;
    checkName(type, name);
    const descriptor = findDescriptor(await flavorDescriptors(this.#store), type, component.flavor);
    if ((await this.#store.component(type, name)) !== undefined) throw new NameTaken({ kind: type, name });
    refuseReferences(component.config, flavorLabel(descriptor));
    const schema = await schemaOf(await importFlavor(descriptor));
    const { given } = await checkConfig(schema, component.config, { ...options, of: flavorLabel(descriptor) });
    const record: ComponentRecord = { id: newId(), type, name, flavor: descriptor.name, config: given, createdAt: Date.now() };
    await this.#store.createComponent(record);
    return record;
  }

  /** Throws UnknownComponentType, UnknownComponent. */
  async component(type: string, name: string): Promise<ComponentRecord> {
    const known = parseComponentType(type);
    const record = await this.#store.component(known, name);
    if (record !== undefined) return record;
    const { items } = await this.#store.components({ type: known, limit: 1000 });
    throw new UnknownComponent({ type: known, name, known: items.map((item) => item.name) });
  }

  components(query: ComponentQuery = {}): Promise<Page<ComponentRecord>> {
    return this.#store.components(query);
  }

  /** Throws UnknownComponentType, UnknownComponent, ComponentInUse. */
  async deleteComponent(type: string, name: string): Promise<void> {
    await this.#store.deleteComponent(parseComponentType(type), name);
  }

  /** Throws BadName, UnknownComponentType, StackIncomplete, StackTooMany, UnknownComponent, NameTaken. */
  async registerStack(name: string, parts: StackParts): Promise<StackRecord> {
    checkName('stack', name);
    await this.#store.createStack({ id: newId(), name, createdAt: Date.now(), components: componentsOf(name, parts) });
    return this.stack(name);
  }

  /** Throws UnknownStack. */
  async stack(name: string): Promise<StackRecord> {
    return findStack(this.#store, name);
  }

  stacks(query: StackQuery = {}): Promise<Page<StackRecord>> {
    return this.#store.stacks(query);
  }

  /** Throws UnknownStack, StackInUse for the active stack (that of the environment and that of the project alike). */
  async deleteStack(name: string): Promise<void> {
    const active = [this.activeStack(), readProjectConfig(this.#project).activeStack ?? DEFAULT_STACK];
    if (active.includes(name)) throw new StackInUse({ name });
    await this.#store.deleteStack(name);
  }

  /** Name of the active stack. Throws BadProjectConfig. */
  activeStack(): string {
    return activeStackName(this.#project);
  }

  /** Makes a stack the project's active one. Throws UnknownStack, FolderNotWritable. */
  async setActiveStack(name: string): Promise<void> {
    await this.stack(name);
    writeProjectConfig(this.#project, { activeStack: name });
  }
}

/** The components a stack asks for, in the order of the table of types, each once. */
function componentsOf(stack: string, parts: StackParts): { type: ComponentType; name: string }[] {
  for (const type of Object.keys(parts)) parseComponentType(type);
  return COMPONENT_TYPES.flatMap(({ type, required, several }) => {
    const names = [...new Set([parts[type] ?? []].flat())];
    if (required && names.length === 0) throw new StackIncomplete({ stack, type });
    if (!several && names.length > 1) throw new StackTooMany({ stack, type });
    return names.map((name) => ({ type, name }));
  });
}
