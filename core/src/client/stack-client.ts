import { checkOptions, type OptionKinds } from '../check-options.ts';
import { checkLists, checkObjects, checkTexts } from '../check-texts.ts';
import { BadUsage } from '../errors.ts';
import type { ComponentConfigOptions } from '../stack/component-config.ts';
import { parseComponentType } from '../stack/parse-component-type.ts';
import type { StackParts } from '../stack/stack-parts.ts';
import type { ComponentEdit, NewComponent, StackEdit } from '../stack/stack-registry.ts';
import type { ImportOptions, ImportOutcome } from '../stack/import-stack.ts';
import type { StackDocument } from '../stack/stack-document.ts';
import type { ComponentValidation, StackValidation, ValidateOptions } from '../stack/validate-stack.ts';
import type { ComponentQuery, StackQuery } from '../store/queries.ts';
import type { ComponentRecord, Labels } from '../store/stack-data.ts';
import { checkQuery } from './check-query.ts';
import { componentViews } from './component-views.ts';
import { FlavorClient } from './flavor-client.ts';
import { listing, stackView, type ComponentView, type Listing, type StackView } from './listings.ts';
import type { NamingStep } from './naming-steps.ts';

/** A stack that was imported, and what is still to be done before it can be used. */
export interface ImportedStack extends Omit<ImportOutcome, 'stack'> {
  stack: StackView;
}

const COMPONENT: OptionKinds<NewComponent> = { type: 'text', name: 'text', flavor: 'text', config: 'object', labels: 'object' };
const CONFIG: OptionKinds<ComponentConfigOptions> = { stringsFromCommandLine: 'flag', allowPlainSecrets: 'flag' };

/** The part of the client that reads and edits stacks and components. */
export class StackClient extends FlavorClient {
  /** The project's active stack. Throws `UnknownStack`. */
  async activeStack(): Promise<StackView> {
    const { registry } = await this.open();
    return this.getStack(registry.activeStack());
  }

  async listStacks(query: StackQuery = {}): Promise<Listing<StackView>> {
    checkQuery('listStacks', query);
    const { registry } = await this.open();
    const stacks = await registry.stacks(query);
    const view = await this.componentView();
    return listing(stacks, (stack) => stackView(stack, stack.components.map(view), registry.activeStack()));
  }

  /** Throws `UnknownStack`. */
  async getStack(name: string): Promise<StackView> {
    checkTexts('getStack()', { name });
    const { registry } = await this.open();
    const stack = await registry.stack(name);
    return stackView(stack, stack.components.map(await this.componentView()), registry.activeStack());
  }

  /** Throws `BadName`, `NameTaken`, `StackIncomplete`, `StackTooMany`, `UnknownComponent`, `BadLabel`. */
  async registerStack(name: string, parts: StackParts, options: { labels?: Labels } = {}): Promise<StackView> {
    checkTexts('registerStack()', { name });
    checkParts('registerStack()', parts);
    checkOptions('registerStack()', options, { labels: 'object' });
    const { registry } = await this.open();
    await registry.registerStack(name, parts, options.labels);
    return this.getStack(name);
  }

  /**
   * Changes a stack: of each type in `parts` its components give way to those given, the others stay.
   * @throws UnknownStack, StackIncomplete, StackTooMany, UnknownComponent, BadLabel
   */
  async updateStack(name: string, edit: StackEdit): Promise<StackView> {
    checkTexts('updateStack()', { name });
    checkObjects('updateStack()', { edit });
    checkOptions('updateStack()', edit, { parts: 'object', labels: 'object', removeLabels: 'list' });
    if (edit.parts !== undefined) checkParts('updateStack()', edit.parts);
    const { registry } = await this.open();
    await registry.updateStack(name, edit);
    return this.getStack(name);
  }

  /** Takes components out of a stack. Throws `UnknownStack`, `ComponentNotInStack`, `StackNeedsComponent` for the only one of a type. */
  async removeFromStack(name: string, parts: StackParts): Promise<StackView> {
    checkTexts('removeFromStack()', { name });
    checkParts('removeFromStack()', parts);
    const { registry } = await this.open();
    await registry.removeFromStack(name, parts);
    return this.getStack(name);
  }

  /** Registers another stack of the same components and labels. Throws `UnknownStack`, `BadName`, `NameTaken`. */
  async copyStack(name: string, newName: string): Promise<StackView> {
    checkTexts('copyStack()', { name, newName });
    const { registry } = await this.open();
    await registry.copyStack(name, newName);
    return this.getStack(newName);
  }

  /**
   * Gives a stack another name. It stays the active one if it was; its runs stay on record under the name that they were made with.
   * @throws UnknownStack, BadName, NameTaken
   */
  async renameStack(name: string, newName: string): Promise<StackView> {
    checkTexts('renameStack()', { name, newName });
    const { registry } = await this.open();
    await registry.renameStack(name, newName);
    return this.getStack(newName);
  }

  /** Makes a stack the active one of the project. Throws `UnknownStack`. */
  async setActiveStack(name: string): Promise<void> {
    checkTexts('setActiveStack()', { name });
    await (await this.open()).registry.setActiveStack(name);
  }

  /**
   * Whether a stack can be used from here: makes every component, as a run would, asks it whether it can be reached, and lets go of it. What is wrong with a
   * component is told, not thrown.
   * @param name default: the active one
   * @throws UnknownStack
   */
  async validateStack(name?: string, options: ValidateOptions = {}): Promise<StackValidation> {
    if (name !== undefined) checkTexts('validateStack()', { name });
    checkOptions('validateStack()', options, { timeoutMs: 'ms' });
    const { registry, project, store } = await this.open();
    const [{ validateStack }, { processLog }] = await Promise.all([import('../stack/validate-stack.ts'), import('../stack/logger.ts')]);
    return validateStack(name ?? registry.activeStack(), { project, store, log: processLog() }, options);
  }

  /**
   * What it takes to make a stack again elsewhere, as plain data; `importStack` reads it. No value of a secret is in it.
   * @param name default: the active one
   * @throws UnknownStack
   */
  async exportStack(name?: string): Promise<StackDocument> {
    if (name !== undefined) checkTexts('exportStack()', { name });
    const { registry, store } = await this.open();
    const stack = await registry.stack(name ?? registry.activeStack());
    const { exportStack } = await import('../stack/export-stack.ts');
    return exportStack(stack, store);
  }

  /**
   * Makes an exported stack again: all of it or nothing. Components that are here and the same are used; flavors that are not registered here are, which
   * runs their code. Secrets and variables that are missing here are among the warnings.
   * @param document what `exportStack` gave
   * @param options.name name of the stack here
   * @param options.onLoad called before a module is imported, with what will be
   * @param options.force flavors may take the place of others of their name
   * @throws BadStackDocument, StackImportTaken, StackImportIncomplete, StackVetoed, and what registering flavors, components and stacks throws
   */
  async importStack(document: unknown, options: ImportOptions = {}): Promise<ImportedStack> {
    checkOptions('importStack()', options, { name: 'text', force: 'flag', onLoad: 'callback' });
    const place = await this.open();
    const [{ importStack }, { parseStackDocument }] = await Promise.all([
      import('../stack/import-stack.ts'),
      import('../stack/stack-document.ts'),
    ]);
    const { stack, ...outcome } = await importStack(parseStackDocument(document), place, options);
    return { ...outcome, stack: await this.getStack(stack) };
  }

  /** Throws `UnknownStack`, `StackInUse`. */
  async deleteStack(name: string): Promise<void> {
    checkTexts('deleteStack()', { name });
    await (await this.open()).registry.deleteStack(name);
  }

  async listComponents(query: ComponentQuery = {}): Promise<Listing<ComponentView>> {
    checkQuery('listComponents', query);
    const { registry } = await this.open();
    const components = await registry.components(query);
    return listing(components, await this.componentView());
  }

  /** Throws `UnknownComponentType`, `UnknownComponent`. */
  async getComponent(type: string, name: string): Promise<ComponentView> {
    checkTexts('getComponent()', { type, name });
    const { registry } = await this.open();
    return (await this.componentView())(await registry.component(type, name));
  }

  /**
   * Registers a component; nothing is stored unless its config is right.
   * @param options.stringsFromCommandLine texts in the config may stand for numbers, booleans, lists and objects
   * @throws UnknownFlavor, ConfigUnknownKey, ConfigMissingKey, ConfigWrongType, BadName, NameTaken, BadLabel
   */
  async registerComponent(component: NewComponent, options: ComponentConfigOptions = {}): Promise<ComponentView> {
    checkObjects('registerComponent()', { component });
    checkTexts('registerComponent()', { type: component.type, name: component.name, flavor: component.flavor });
    checkObjects('registerComponent()', { config: component.config });
    checkOptions('registerComponent()', component, COMPONENT);
    checkOptions('registerComponent()', options, CONFIG);
    const { registry } = await this.open();
    const { type, name } = await registry.registerComponent(component, options);
    return this.getComponent(type, name);
  }

  /**
   * Whether a component can be used from here: makes it, as a run would, asks it whether it can be reached, and lets go of it. What is wrong is told, not
   * thrown.
   * @throws UnknownComponentType, UnknownComponent
   */
  async checkComponent(type: string, name: string, options: ValidateOptions = {}): Promise<ComponentValidation> {
    checkTexts('checkComponent()', { type, name });
    checkOptions('checkComponent()', options, { timeoutMs: 'ms' });
    const { registry, project, store } = await this.open();
    const record = await registry.component(type, name);
    const [{ checkComponent }, { processLog }] = await Promise.all([import('../stack/validate-stack.ts'), import('../stack/logger.ts')]);
    return checkComponent(record, { project, store, log: processLog() }, options);
  }

  /**
   * Changes a component: its config key by key, as its labels. What comes of it is checked whole; nothing is stored unless it is right.
   * @param options.stringsFromCommandLine texts in the config may stand for numbers, booleans, lists and objects
   * @throws UnknownComponent, ConfigUnknownKey, ConfigMissingKey, ConfigWrongType, BadLabel
   */
  async updateComponent(type: string, name: string, edit: ComponentEdit, options: ComponentConfigOptions = {}): Promise<ComponentView> {
    checkTexts('updateComponent()', { type, name });
    checkObjects('updateComponent()', { edit });
    checkOptions('updateComponent()', edit, { config: 'object', labels: 'object', removeLabels: 'list' });
    checkOptions('updateComponent()', options, CONFIG);
    const { registry } = await this.open();
    await registry.updateComponent(type, name, edit, options);
    return this.getComponent(type, name);
  }

  /** Takes keys out of a component's config. Throws `UnknownComponent`, `UnknownAttribute`, `AttributeRequired`. */
  async removeComponentAttributes(type: string, name: string, keys: readonly string[]): Promise<ComponentView> {
    checkTexts('removeComponentAttributes()', { type, name });
    if (!Array.isArray(keys)) throw new BadUsage({ what: 'removeComponentAttributes() needs a list as its keys' });
    const { registry } = await this.open();
    await registry.removeComponentAttributes(type, name, keys);
    return this.getComponent(type, name);
  }

  /** Registers another component of the same flavor, config and labels. Throws `UnknownComponent`, `BadName`, `NameTaken`. */
  async copyComponent(type: string, name: string, newName: string): Promise<ComponentView> {
    checkTexts('copyComponent()', { type, name, newName });
    const { registry } = await this.open();
    await registry.copyComponent(type, name, newName);
    return this.getComponent(type, newName);
  }

  /**
   * Gives a component another name. Stacks keep it, and runs that were made with it theirs; steps that name it do not follow (`namingSteps`).
   * @throws UnknownComponent, BadName, NameTaken, TrackerRunsWait
   */
  async renameComponent(type: string, name: string, newName: string): Promise<ComponentView> {
    checkTexts('renameComponent()', { type, name, newName });
    const { registry } = await this.open();
    await registry.renameComponent(type, name, newName);
    return this.getComponent(type, newName);
  }

  /** Steps that name a component in their options or settings, as of the newest run of each pipeline. Throws `UnknownComponentType`. */
  async namingSteps(type: string, name: string): Promise<NamingStep[]> {
    checkTexts('namingSteps()', { type, name });
    const { store } = await this.open();
    const { namingSteps } = await import('./naming-steps.ts');
    return namingSteps(store, parseComponentType(type), name);
  }

  /** Throws `UnknownComponent`, `ComponentInUse`, `TrackerRunsWait`. */
  async deleteComponent(type: string, name: string): Promise<void> {
    checkTexts('deleteComponent()', { type, name });
    await (await this.open()).registry.deleteComponent(type, name);
  }

  private async componentView(): Promise<(component: ComponentRecord) => ComponentView> {
    const { registry, project } = await this.open();
    return componentViews(await registry.flavors(), project.root);
  }
}

function checkParts(of: string, parts: StackParts): void {
  checkObjects(of, { parts });
  for (const [type, names] of Object.entries(parts) as [string, unknown][])
    if (names !== undefined && typeof names !== 'string') checkLists(of, { [type]: names });
}
