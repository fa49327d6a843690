import { AttributeRequired, NameTaken, StackInUse, UnknownAttribute, UnknownComponent } from '../errors.ts';
import { newId } from '../id.ts';
import type { JsonObject } from '../json.ts';
import type { Project } from '../project/project.ts';
import { activeStackName, DEFAULT_STACK, readProjectConfig, writeProjectConfig } from '../project/project-config.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { ComponentQuery, Page, StackQuery } from '../store/queries.ts';
import type { ComponentChange, ComponentRecord, Labels, StackChange, StackRecord } from '../store/stack-data.ts';
import { untilUndisturbed } from '../store/until-undisturbed.ts';
import { findDescriptor, flavorDescriptors } from './builtin-flavors.ts';
import { checkedConfig, type ComponentConfigOptions } from './component-config.ts';
import { checkName } from './component-name.ts';
import { findStack } from './find-stack.ts';
import { flavorLabel } from './flavor-schema.ts';
import type { StoredFlavor } from './flavor.ts';
import { changedLabels, checkLabels, type LabelChange } from './labels.ts';
import { parseComponentType } from './parse-component-type.ts';
import { componentsOf, replaceParts, withoutParts, type StackPart, type StackParts } from './stack-parts.ts';

/** A component to register. `type` and `flavor` are checked, so they may be what a person typed. */
export interface NewComponent {
  type: string;
  name: string;
  flavor: string;
  config: JsonObject;
  labels?: Labels;
}

/** How to change a component: its config key by key, as its labels. What is not named stays. */
export interface ComponentEdit extends LabelChange {
  config?: JsonObject;
}

/** How to change a stack: of each type that is named, the components give way to these. What is not named stays. */
export interface StackEdit extends LabelChange {
  parts?: StackParts;
}

/** The components and stacks of a project. Every check is made before anything is stored. */
export class StackRegistry {
  readonly #store: MetadataStore;
  readonly #project: Project;

  constructor(place: { store: MetadataStore; project: Project }) {
    this.#store = place.store;
    this.#project = place.project;
  }

  /** Flavors of a type, or all. Imports none of them. Throws UnknownComponentType. */
  async flavors(type?: string): Promise<StoredFlavor[]> {
    return this.#store.flavors(type === undefined ? undefined : parseComponentType(type));
  }

  /** Throws UnknownComponentType, UnknownFlavor. */
  async flavor(type: string, name: string): Promise<StoredFlavor> {
    return findDescriptor(await this.flavors(type), parseComponentType(type), name);
  }

  /**
   * Registers a component with its config, as it was given (defaults are those of the flavor on the day of a run).
   * @throws BadName, UnknownComponentType, UnknownFlavor, ConfigUnknownKey, ConfigMissingKey, ConfigWrongType, BadReference, SecretInClear, FlavorBroken,
   * NameTaken, BadLabel
   */
  async registerComponent(component: NewComponent, options: ComponentConfigOptions = {}): Promise<ComponentRecord> {
    const type = parseComponentType(component.type);
    const { name, flavor, labels = {} } = component;
    checkName(type, name);
    checkLabels(labels);
    findDescriptor(await flavorDescriptors(this.#store), type, flavor);
    if ((await this.#store.component(type, name)) !== undefined) throw new NameTaken({ kind: type, name });
    const config = await checkedConfig(
      { store: this.#store, project: this.#project },
      { type, name, flavor, config: component.config },
      options,
    );
    const record: ComponentRecord = { id: newId(), type, name, flavor, config, labels, createdAt: Date.now() };
    await this.#store.createComponent(record);
    return record;
  }

  /**
   * Changes a component. The config that comes of it is checked whole; runs that have begun go on with the one that they began with.
   * @throws UnknownComponentType, UnknownComponent, ConfigUnknownKey, ConfigMissingKey, ConfigWrongType, BadReference, SecretInClear, FlavorBroken,
   * BadLabel, UnknownLabel
   */
  async updateComponent(type: string, name: string, edit: ComponentEdit, options: ComponentConfigOptions = {}): Promise<ComponentRecord> {
    return this.#changeComponent(type, name, async (seen) => ({
      labels: changedLabels(`${seen.type} "${name}"`, seen.labels, edit),
      ...(edit.config !== undefined && {
        config: await checkedConfig(
          { store: this.#store, project: this.#project },
          { ...seen, config: { ...seen.config, ...edit.config }, stored: seen.config },
          options,
        ),
      }),
    }));
  }

  /** Takes keys out of a component's config. Throws UnknownComponentType, UnknownComponent, UnknownAttribute, AttributeRequired, and as `updateComponent`. */
  async removeComponentAttributes(type: string, name: string, keys: readonly string[]): Promise<ComponentRecord> {
    return this.#changeComponent(type, name, async (seen) => {
      const descriptor = findDescriptor(await flavorDescriptors(this.#store), seen.type, seen.flavor);
      const refuse = { type: seen.type, name, of: flavorLabel(descriptor) };
      for (const key of keys) {
        if (!Object.hasOwn(seen.config, key)) throw new UnknownAttribute({ ...refuse, key, known: Object.keys(seen.config) });
        if (descriptor.config.some((row) => row.key === key && row.required)) throw new AttributeRequired({ ...refuse, key });
      }
      const config = Object.fromEntries(Object.entries(seen.config).filter(([key]) => !keys.includes(key)));
      return { config: await checkedConfig({ store: this.#store, project: this.#project }, { ...seen, config, stored: seen.config }, {}) };
    });
  }

  /** Registers another component of the same flavor, config and labels. Throws BadName, UnknownComponentType, UnknownComponent, NameTaken. */
  async copyComponent(type: string, name: string, newName: string): Promise<ComponentRecord> {
    const { updatedAt: _, ...copied } = await this.component(type, name);
    checkName(copied.type, newName);
    const record = { ...copied, id: newId(), name: newName, createdAt: Date.now() };
    await this.#store.createComponent(record);
    return record;
  }

  /**
   * Gives a component another name; its stacks keep it. Steps and settings that name it do not follow.
   * @throws BadName, UnknownComponentType, UnknownComponent, NameTaken, TrackerRunsWait
   */
  async renameComponent(type: string, name: string, newName: string): Promise<ComponentRecord> {
    const { type: known } = await this.component(type, name);
    checkName(known, newName);
    if (newName === name) throw new NameTaken({ kind: known, name });
    await this.#store.updateComponent(known, name, { name: newName, updatedAt: Date.now() });
    return this.component(known, newName);
  }

  /** Throws UnknownComponentType, UnknownComponent. */
  async component(type: string, name: string): Promise<ComponentRecord> {
    const known = parseComponentType(type);
    const record = await this.#store.component(known, name);
    if (record !== undefined) return record;
    const { items } = await this.#store.components({ type: known, limit: 1000 });
    throw new UnknownComponent({ type: known, name, known: items.map((item) => item.name) });
  }

  /** Throws BadLabel, UnknownComponentType. */
  async components(query: ComponentQuery = {}): Promise<Page<ComponentRecord>> {
    checkLabels(query.labels ?? {});
    if (query.type !== undefined) parseComponentType(query.type);
    return this.#store.components(query);
  }

  /** Throws UnknownComponentType, UnknownComponent, ComponentInUse, TrackerRunsWait. */
  async deleteComponent(type: string, name: string): Promise<void> {
    await this.#store.deleteComponent(parseComponentType(type), name);
  }

  /** Throws BadName, UnknownComponentType, StackIncomplete, StackTooMany, UnknownComponent, NameTaken, BadLabel, StackVetoed. */
  async registerStack(name: string, parts: StackParts, labels: Labels = {}): Promise<StackRecord> {
    checkName('stack', name);
    return this.#createStack(name, componentsOf(name, parts), checkLabels(labels));
  }

  /** Throws UnknownStack, UnknownComponentType, StackIncomplete, StackTooMany, UnknownComponent, BadLabel, StackVetoed. */
  async updateStack(name: string, edit: StackEdit): Promise<StackRecord> {
    return this.#changeStack(name, (seen) => ({
      labels: changedLabels(`stack "${name}"`, seen.labels, edit),
      ...(edit.parts !== undefined && { components: replaceParts(name, seen.components, edit.parts) }),
    }));
  }

  /** Takes components out of a stack. Throws UnknownStack, UnknownComponentType, ComponentNotInStack, StackNeedsComponent for the only one of a type. */
  async removeFromStack(name: string, parts: StackParts): Promise<StackRecord> {
    return this.#changeStack(name, (seen) => ({ components: withoutParts(name, seen.components, parts) }));
  }

  /** Registers another stack of the same components and labels. Throws BadName, UnknownStack, NameTaken. */
  async copyStack(name: string, newName: string): Promise<StackRecord> {
    const { components, labels } = await this.stack(name);
    checkName('stack', newName);
    return this.#createStack(newName, components, labels);
  }

  /** Gives a stack another name; it stays the active one if it was. Throws BadName, UnknownStack, NameTaken, FolderNotWritable. */
  async renameStack(name: string, newName: string): Promise<StackRecord> {
    await this.stack(name);
    checkName('stack', newName);
    if (newName === name) throw new NameTaken({ kind: 'stack', name });
    const rename = (from: string, to: string) => this.#store.updateStack(from, { name: to, updatedAt: Date.now() });
    await rename(name, newName);
    try {
      if ((readProjectConfig(this.#project).activeStack ?? DEFAULT_STACK) === name)
        writeProjectConfig(this.#project, { activeStack: newName });
    } catch (error) {
      await rename(newName, name);
      throw error;
    }
    return this.stack(newName);
  }

  /** Throws UnknownStack. */
  async stack(name: string): Promise<StackRecord> {
    return findStack({ store: this.#store, project: this.#project }, name);
  }

  /** Throws BadLabel. */
  async stacks(query: StackQuery = {}): Promise<Page<StackRecord>> {
    checkLabels(query.labels ?? {});
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

  async #createStack(name: string, components: readonly StackPart[], labels: Labels): Promise<StackRecord> {
    await this.#checkStack(name, components);
    await this.#store.createStack({ id: newId(), name, createdAt: Date.now(), components, labels });
    return this.stack(name);
  }

  async #changeStack(name: string, change: (seen: StackRecord) => Omit<StackChange, 'updatedAt' | 'seen'>): Promise<StackRecord> {
    return untilUndisturbed(async () => {
      const seen = await this.stack(name);
      const changed = change(seen);
      if (changed.components !== undefined) await this.#checkStack(name, changed.components);
      await this.#store.updateStack(name, { ...changed, updatedAt: Date.now(), seen });
      return this.stack(name);
    });
  }

  /** What components have against being together. Throws UnknownComponent, StackVetoed, FlavorBroken. */
  async #checkStack(name: string, components: readonly StackPart[]): Promise<void> {
    const descriptors = await flavorDescriptors(this.#store);
    if (!descriptors.some(({ checksStack }) => checksStack)) return;
    const { checkStack } = await import('./check-stack.ts');
    const records = await Promise.all(components.map((part) => this.component(part.type, part.name)));
    const members = records.map((record) => ({ record, descriptor: findDescriptor(descriptors, record.type, record.flavor) }));
    await checkStack(name, members, { project: this.#project, store: this.#store });
  }

  async #changeComponent(
    type: string,
    name: string,
    change: (seen: ComponentRecord) => Promise<Omit<ComponentChange, 'updatedAt' | 'seen'>>,
  ): Promise<ComponentRecord> {
    return untilUndisturbed(async () => {
      const seen = await this.component(type, name);
      await this.#store.updateComponent(seen.type, name, { ...(await change(seen)), updatedAt: Date.now(), seen });
      return this.component(type, name);
    });
  }
}
