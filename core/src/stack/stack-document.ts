import { BadStackDocument } from '../errors.ts';
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
  /** Keys whose values are secret and stored in clear text: they were left out. */
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
 * @throws BadStackDocument, UnknownComponentType
 */
export function parseStackDocument(value: unknown): StackDocument {
  const document = objectAt(value, 'it');
  if (document['mortise'] === undefined) throw refuse('it does not begin with "mortise: 1"');
  if (document['mortise'] !== 1) throw refuse(`it is of version ${JSON.stringify(document['mortise'])}, and this Mortise reads version 1`);
  const stack = objectAt(document['stack'], 'stack');
  return {
    mortise: 1,
    stack: { name: textAt(stack['name'], 'stack.name'), labels: labelsAt(stack['labels'], 'stack.labels') },
    components: listAt(document['components'], 'components', componentAt),
    flavors: listAt(document['flavors'] ?? [], 'flavors', flavorAt),
    secrets: listAt(document['secrets'] ?? [], 'secrets', (item, place) => ({
      name: textAt(objectAt(item, place)['name'], `${place}.name`),
      keys: listAt(objectAt(item, place)['keys'] ?? [], `${place}.keys`, textAt),
    })),
    environment: listAt(document['environment'] ?? [], 'environment', textAt),
    omitted: listAt(document['omitted'] ?? [], 'omitted', (item, place) => ({
      ...namedAt(objectAt(item, place), place),
      key: textAt(objectAt(item, place)['key'], `${place}.key`),
    })),
  };
}

function componentAt(item: unknown, place: string): ExportedComponent {
  const component = objectAt(item, place);
  return {
    ...namedAt(component, place),
    flavor: textAt(component['flavor'], `${place}.flavor`),
    config: objectAt(component['config'] ?? {}, `${place}.config`) as JsonObject,
    labels: labelsAt(component['labels'], `${place}.labels`),
  };
}

function flavorAt(item: unknown, place: string): ExportedFlavor {
  const flavor = objectAt(item, place);
  const version = flavor['version'] === undefined ? '-' : textAt(flavor['version'], `${place}.version`);
  return { ...namedAt(flavor, place), source: textAt(flavor['source'], `${place}.source`), version };
}

function namedAt(item: Record<string, unknown>, place: string): { type: ComponentType; name: string } {
  return { type: parseComponentType(textAt(item['type'], `${place}.type`)), name: textAt(item['name'], `${place}.name`) };
}

function labelsAt(value: unknown, place: string): Labels {
  const labels = objectAt(value ?? {}, place);
  return Object.fromEntries(Object.entries(labels).map(([name, text]) => [name, textAt(text, `${place}.${name}`)]));
}

function objectAt(value: unknown, place: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(`${place} is to be keys and values`);
  return value as Record<string, Json>;
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
