import { isDeepStrictEqual } from 'node:util';
import { FlavorModuleNotFound, isError, StackImportIncomplete, StackImportTaken, type MortiseError } from '../errors.ts';
import { newId } from '../id.ts';
import type { Project } from '../project/project.ts';
import { configUses, refuseSecretsInClear } from '../secrets/component-secrets.ts';
import { missingReferences } from '../secrets/resolve-references.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { ComponentRecord, Labels, NewComponentRecord } from '../store/stack-data.ts';
import { findDescriptor, flavorDescriptors } from './builtin-flavors.ts';
import { checkStack } from './check-stack.ts';
import { configFor } from './component-config.ts';
import { checkName } from './component-name.ts';
import { FlavorRegistry, type FlavorOptions } from './flavor-registry.ts';
import type { FlavorDescriptor, StoredFlavor } from './flavor.ts';
import { checkLabels } from './labels.ts';
import type { ExportedComponent, ExportedFlavor, StackDocument } from './stack-document.ts';
import { componentsOf } from './stack-parts.ts';

/** How to import a stack. */
export interface ImportOptions extends FlavorOptions {
  /** Name of the stack here. Default: that of the document. */
  name?: string;
}

/** What an import did, and what is still to be done before the stack can be used. */
export interface ImportOutcome {
  stack: string;
  registered: { type: string; name: string }[];
  /** Components that were here already, and are the same. */
  reused: { type: string; name: string }[];
  flavors: ExportedFlavor[];
  /** In words: secrets and variables that are missing here, keys that were left out, labels that stay as they are here, flavors of another version. */
  warnings: string[];
}

interface Place {
  store: MetadataStore;
  project: Project;
}

/**
 * Makes an exported stack again: all of it or nothing. Flavors that are not registered here are, which runs their code.
 * @throws BadName, BadLabel, StackIncomplete, StackTooMany, StackImportTaken, StackImportIncomplete, UnknownFlavor, ConfigUnknownKey, ConfigMissingKey,
 * ConfigWrongType, SecretInClear, BadReference, StackVetoed, and what registering a flavor throws
 */
export async function importStack(document: StackDocument, place: Place, options: ImportOptions = {}): Promise<ImportOutcome> {
  const name = options.name ?? document.stack.name;
  const parts = checkedParts(name, document);
  const here = await whatIsHere(name, document, place);
  const references = await missingReferences(configUses(document.components), place.store);
  const { known, added } = await flavorsFor(name, document.flavors, references, place, options);
  const components: NewComponentRecord[] = [];
  for (const component of document.components.filter((each) => !here.has(each)))
    components.push(await newComponent(component, document, known, place));
  const records = document.components.map((each) => here.get(each) ?? components.find((made) => isSame(made, each))!);
  const members = records.map((record) => ({ record, descriptor: findDescriptor(known, record.type, record.flavor) }));
  await checkStack(name, members, place);
  const stack = { id: newId(), name, createdAt: Date.now(), components: parts, labels: document.stack.labels };
  await place.store.importStack({ flavors: added, force: options.force === true, components, stack });
  return {
    stack: name,
    registered: components.map(named),
    reused: [...here.values()].map(named),
    flavors: added.map(({ type, name: flavor, source, version }) => ({ type, name: flavor, source, version })),
    warnings: [
      ...references.map(inWords),
      ...omittedWarnings(document, here),
      ...labelWarnings(here),
      ...versionWarnings(document.flavors, known),
    ],
  };
}

/** Whatever is wrong with the document alone. */
function checkedParts(name: string, { stack, components }: StackDocument): ReturnType<typeof componentsOf> {
  checkName('stack', name);
  checkLabels(stack.labels);
  const parts: { [type: string]: string[] } = {};
  for (const component of components) {
    checkName(component.type, component.name);
    checkLabels(component.labels);
    (parts[component.type] ??= []).push(component.name);
  }
  return componentsOf(name, parts);
}

/** The components that are here already, by those of the document. Throws StackImportTaken for names that something else has. */
async function whatIsHere(name: string, document: StackDocument, { store }: Place): Promise<Map<ExportedComponent, ComponentRecord>> {
  const here = new Map<ExportedComponent, ComponentRecord>();
  const taken = (await store.stack(name)) === undefined ? [] : [{ kind: 'stack', name }];
  for (const component of document.components) {
    const record = await store.component(component.type, component.name);
    if (record === undefined) continue;
    if (isTheSame(record, component, document)) here.set(component, record);
    else taken.push({ kind: component.type, name: component.name });
  }
  if (taken.length > 0) throw new StackImportTaken({ stack: name, taken });
  return here;
}

/** Of one flavor, with the same config but for keys that were left out of the document. Labels are for finding it, and are everybody's own. */
function isTheSame({ flavor, config }: ComponentRecord, component: ExportedComponent, document: StackDocument): boolean {
  const left = leftOut(component, document);
  const compared = Object.fromEntries(Object.entries(config).filter(([key]) => !left.includes(key)));
  return flavor === component.flavor && isDeepStrictEqual(compared, component.config);
}

/**
 * The flavors of the project with those of the document, of which the ones that are not registered yet are imported.
 * @throws StackImportIncomplete if modules are missing: with all else that is
 */
async function flavorsFor(
  stack: string,
  wanted: readonly ExportedFlavor[],
  references: readonly MortiseError[],
  place: Place,
  options: ImportOptions,
): Promise<{ known: StoredFlavor[]; added: FlavorDescriptor[] }> {
  const stored = await flavorDescriptors(place.store);
  const registry = new FlavorRegistry(place);
  const added: FlavorDescriptor[] = [];
  const missing: string[] = [];
  for (const flavor of wanted.filter((each) => !stored.some((other) => isSame(other, each) && other.source === each.source)))
    try {
      added.push(await registry.examine(flavor, options));
    } catch (error) {
      if (!isError(error, FlavorModuleNotFound)) throw error;
      missing.push(inWords(error));
    }
  if (missing.length > 0) throw new StackImportIncomplete({ stack, missing: [...missing, ...references.map(inWords)] });
  return { known: [...stored.filter((each) => !added.some((other) => isSame(other, each))), ...added], added };
}

/** Keys of a component that are to be set after the import. Whoever edited the document may have put them there. */
function leftOut(component: ExportedComponent, { omitted }: StackDocument): string[] {
  return omitted.flatMap((each) => (isSame(each, component) && component.config[each.key] === undefined ? [each.key] : []));
}

async function newComponent(
  component: ExportedComponent,
  document: StackDocument,
  known: readonly StoredFlavor[],
  { project }: Place,
): Promise<NewComponentRecord> {
  const descriptor = findDescriptor(known, component.type, component.flavor);
  refuseSecretsInClear(component, descriptor);
  const config = await configFor(descriptor, component.config, project, { absent: leftOut(component, document) });
  return { ...component, id: newId(), config, createdAt: Date.now() };
}

function omittedWarnings(document: StackDocument, here: ReadonlyMap<ExportedComponent, ComponentRecord>): string[] {
  return document.components.flatMap((component) => {
    const { type, name } = component;
    const keys = leftOut(component, document);
    if (here.has(component) || keys.length === 0) return [];
    const [are, were] = keys.length === 1 ? ['is', 'was'] : ['are', 'were'];
    const options = keys.map((key) => `--${key}='{{secret.${name}.${key}}}'`).join(' ');
    // In one command: a config is checked whole.
    return `${keys.map((key) => `"${key}"`).join(', ')} of the ${type.replaceAll('-', ' ')} "${name}" ${are} secret and ${were} left out of the file: run "mortise secret create ${name} ${keys.join(' ')}", then "mortise ${type} update ${name} ${options}"`;
  });
}

function labelWarnings(here: ReadonlyMap<ExportedComponent, ComponentRecord>): string[] {
  return [...here].flatMap(([{ labels }, record]) => {
    if (isDeepStrictEqual(labels, record.labels)) return [];
    const what = `the ${record.type.replaceAll('-', ' ')} "${record.name}" keeps the labels that it has here`;
    return `${what} (${labelText(record.labels)}), which are not those of the file (${labelText(labels)})`;
  });
}

const labelText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ') || 'none';

function versionWarnings(wanted: readonly ExportedFlavor[], known: readonly StoredFlavor[]): string[] {
  return wanted.flatMap((flavor) => {
    const version = known.find((each) => isSame(each, flavor))?.version ?? flavor.version;
    const what = `the ${flavor.type.replaceAll('-', ' ')} flavor "${flavor.name}" is of version ${version} here, and was of ${flavor.version}`;
    return version === flavor.version ? [] : [what];
  });
}

const isSame = (a: { type: string; name: string }, b: { type: string; name: string }): boolean => a.type === b.type && a.name === b.name;
const named = ({ type, name }: { type: string; name: string }): { type: string; name: string } => ({ type, name });
const inWords = ({ message, advice }: MortiseError): string =>
  advice === undefined ? message : `${message}. ${advice.replace(/\.$/, '')}`;
