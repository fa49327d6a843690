import { types } from 'node:util';
import { BadStackDocument } from '../errors.ts';
import { didYouMean, spoken } from '../errors/wording.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Labels } from '../store/stack-data.ts';
import type { ComponentType } from './component-types.ts';
import { parseComponentType } from './parse-component-type.ts';

/** A stack as it is exported: plain data that says how to make it again elsewhere, without the value of any secret. */
export interface StackDocument {
  /** Version of this format. */
  mortise: 1;
  stack: { name: string; labels: Labels };
  /** In the order of the stack. */
  components: ExportedComponent[];
  /** Those that its components are of, but for the ones that come with Mortise. */
  flavors: ExportedFlavor[];
  /** Secrets that the configs refer to, and their keys. */
  secrets: { name: string; keys: string[] }[];
  /** Variables that the configs refer to. */
  environment: string[];
  /** Keys whose values are secret, and are stored in clear text or not known yet: they are to be set where the stack is imported. */
  omitted: OmittedKey[];
}

export interface ExportedComponent {
  type: ComponentType;
  name: string;
  flavor: string;
  config: JsonObject;
  labels: Labels;
}

export interface ExportedFlavor {
  type: ComponentType;
  name: string;
  source: string;
  /** As it was where the stack was exported. */
  version: string;
}

export interface OmittedKey {
  type: ComponentType;
  name: string;
  key: string;
}

/**
 * Reads what was exported, as a person may have edited it since. Only the components and the flavors have to be there: the rest follows from them.
 * What it has beside that is refused, for nobody would read it.
 * @throws BadStackDocument, UnknownComponentType
 */
export function parseStackDocument(value: unknown): StackDocument {
  const document = objectAt(value, 'it');
  if (document['mortise'] === undefined) throw refuse('it does not begin with "mortise: 1"');
  if (document['mortise'] !== 1) throw refuse(`it is of version ${JSON.stringify(document['mortise'])}, and this Mortise reads version 1`);
  refuseOthers(document, 'it', ['mortise', 'stack', 'components', 'flavors', 'secrets', 'environment', 'omitted']);
  const stack = objectAt(document['stack'], 'stack', ['name', 'labels']);
  const components = listAt(document['components'], 'components', componentAt);
  refuseTwice(components, 'components');
  const flavors = listAt(document['flavors'] ?? [], 'flavors', flavorAt);
  refuseTwice(flavors, 'flavors');
  return {
    mortise: 1,
    stack: { name: textAt(stack['name'], 'stack.name'), labels: labelsAt(stack['labels'], 'stack.labels') },
    components,
    flavors,
    secrets: listAt(document['secrets'] ?? [], 'secrets', secretAt),
    environment: listAt(document['environment'] ?? [], 'environment', textAt),
    omitted: listAt(document['omitted'] ?? [], 'omitted', (item, place) => omittedAt(item, place, components)),
  };
}

function secretAt(item: unknown, place: string): StackDocument['secrets'][number] {
  const secret = objectAt(item, place, ['name', 'keys']);
  return { name: textAt(secret['name'], `${place}.name`), keys: listAt(secret['keys'] ?? [], `${place}.keys`, textAt) };
}

function omittedAt(item: unknown, place: string, components: readonly ExportedComponent[]): OmittedKey {
  const omitted = objectAt(item, place, ['type', 'name', 'key']);
  const { type, name } = namedAt(omitted, place);
  if (!components.some((component) => component.type === type && component.name === name))
    throw refuse(`${place} is of the ${spoken(type)} "${name}", which is not among components`);
  return { type, name, key: textAt(omitted['key'], `${place}.key`) };
}

function componentAt(item: unknown, place: string): ExportedComponent {
  const component = objectAt(item, place, ['type', 'name', 'flavor', 'config', 'labels']);
  return {
    ...namedAt(component, place),
    flavor: textAt(component['flavor'], `${place}.flavor`),
    config: configAt(component['config'] ?? {}, `${place}.config`),
    labels: labelsAt(component['labels'], `${place}.labels`),
  };
}

function flavorAt(item: unknown, place: string): ExportedFlavor {
  const flavor = objectAt(item, place, ['type', 'name', 'source', 'version']);
  const version = flavor['version'] === undefined ? '-' : textAt(flavor['version'], `${place}.version`);
  return { ...namedAt(flavor, place), source: textAt(flavor['source'], `${place}.source`), version };
}

function namedAt(item: Record<string, unknown>, place: string): { type: ComponentType; name: string } {
  return { type: parseComponentType(textAt(item['type'], `${place}.type`)), name: textAt(item['name'], `${place}.name`) };
}

function labelsAt(value: unknown, place: string): Labels {
  const labels = objectAt(value ?? {}, place);
  for (const [name, text] of Object.entries(labels)) if (typeof text !== 'string') throw refuse(`${place}.${name} is to be a text`);
  return labels as Labels;
}

function configAt(value: unknown, place: string): JsonObject {
  const config = objectAt(value, place);
  refuseOtherThanJson(config, place, []);
  return config as JsonObject;
}

/** YAML has anchors, which may stand within what they name, and more kinds of values than can be stored. */
function refuseOtherThanJson(value: unknown, place: string, around: readonly unknown[]): void {
  if (value === null || ['string', 'boolean', 'undefined'].includes(typeof value)) return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw refuse(`${place} is ${value}, which cannot be stored`);
    return;
  }
  if (around.includes(value)) throw refuse(`${place} holds itself`);
  const within = [...around, value];
  if (Array.isArray(value)) return value.forEach((item, index) => refuseOtherThanJson(item, `${place}[${index}]`, within));
  if (typeof value !== 'object' || types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value) || types.isDate(value))
    throw refuse(`${place} is neither a text, a number, true, false, null, a list, nor keys and values`);
  for (const [key, part] of Object.entries(value)) refuseOtherThanJson(part, `${place}.${key}`, within);
}

/** `known`: the keys that it may have. Default: any. */
function objectAt(value: unknown, place: string, known?: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(`${place} is to be keys and values`);
  if (known !== undefined) refuseOthers(value, place, known);
  return value as Record<string, Json>;
}

function refuseOthers(value: object, place: string, known: readonly string[]): void {
  const other = Object.keys(value).find((key) => !known.includes(key));
  if (other === undefined) return;
  throw new BadStackDocument({ reason: `${place} has "${other}", which there is not`, advice: didYouMean(other, known) });
}

function refuseTwice(items: readonly { type: ComponentType; name: string }[], place: string): void {
  const twice = items.find(({ type, name }, index) => items.findIndex((other) => other.type === type && other.name === name) !== index);
  if (twice !== undefined) throw refuse(`${place} has the ${spoken(twice.type)} "${twice.name}" twice`);
}

function listAt<T>(value: unknown, place: string, item: (value: unknown, place: string) => T): T[] {
  if (!Array.isArray(value)) throw refuse(`${place} is to be a list`);
  return value.map((each, index) => item(each, `${place}[${index}]`));
}

function textAt(value: unknown, place: string): string {
  if (typeof value !== 'string' || value === '') throw refuse(`${place} is to be a text`);
  return value;
}

const refuse = (reason: string): Error => new BadStackDocument({ reason });
