import type { JsonObject } from '../json.ts';
import type { SettingsLayer } from '../pipeline/pipeline-spec.ts';
import { parseSettingsKey } from '../pipeline/settings-key.ts';
import type { ComponentType } from './component-types.ts';

/** A component as keys of settings speak of it. */
export interface SettableComponent {
  type: ComponentType;
  name: string;
  flavor: string;
}

/**
 * What all layers together set for a component; undefined if no key of theirs speaks of it. Layer by layer, within a layer the type, then the flavor, then the
 * name; what comes later wins, setting by setting. Tags of an experiment tracker are added to those before, tag by tag.
 */
export function mergedSettings(component: SettableComponent, layers: readonly SettingsLayer[] = []): JsonObject | undefined {
  const { type, name, flavor } = component;
  const keys = [type, `${type}.${flavor}`, `${type}:${name}`];
  const given = layers.flatMap((layer) => keys.map((key) => layer[key])).filter((values) => values !== undefined);
  return given.length === 0 ? undefined : given.reduce((before, later) => merge(type, before, later));
}

/** The components by name that some layer speaks of, with the key that does. */
export function namedComponents(layers: readonly SettingsLayer[] = []): { key: string; type: ComponentType; name: string }[] {
  return layers.flatMap((layer) =>
    Object.keys(layer).flatMap((key) => {
      const parsed = parseSettingsKey(key);
      return 'wrong' in parsed || parsed.name === undefined ? [] : [{ key, type: parsed.type, name: parsed.name }];
    }),
  );
}

/** The flavors that some layer speaks of. */
export function namedFlavors(layers: readonly SettingsLayer[] = []): { type: ComponentType; flavor: string }[] {
  return layers.flatMap((layer) =>
    Object.keys(layer).flatMap((key) => {
      const parsed = parseSettingsKey(key);
      return 'wrong' in parsed || parsed.flavor === undefined ? [] : [{ type: parsed.type, flavor: parsed.flavor }];
    }),
  );
}

function merge(type: ComponentType, before: JsonObject, later: JsonObject): JsonObject {
  const merged = { ...before, ...later };
  const tags = before['tags'];
  const more = later['tags'];
  return type === 'experiment-tracker' && isObject(tags) && isObject(more) ? { ...merged, tags: { ...tags, ...more } } : merged;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
