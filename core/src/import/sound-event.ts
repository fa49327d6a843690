import { checkKey } from '../artifacts/artifact-key.ts';
import type { Json } from '../json.ts';
import { loggedJson } from '../tracking/logged-json.ts';
import { importedTagName } from './imported-tags.ts';
import type { ImportedEvent } from './run-importer.ts';

/** Names the place in errors, which nobody sees but as a reason. */
const CALL = 'import';

/**
 * An event as it may stand in a log: names are text, steps are safe numbers, JSON is JSON. An importer reads files that anybody may have written, and one
 * event that the store cannot take would keep all behind it out. Throws with the reason.
 */
export function soundEvent(event: ImportedEvent): ImportedEvent {
  if (!Number.isFinite(event.at)) throw new RangeError(`${event.kind} logged at no time`);
  const at = Math.round(event.at);
  switch (event.kind) {
    case 'metrics':
      checkMetrics(event.values, event.step);
      return event.at === at ? event : { ...event, at };
    case 'params':
      return { ...event, at, values: named(event.values, (value, name) => loggedJson(value, CALL, `"${name}"`)) };
    case 'tags':
      return { ...event, at, set: soundTags(event.set), ...(event.remove && { remove: event.remove.map(importedTagName) }) };
    case 'artifact':
      checkKey(event.path);
      return { ...event, at };
    case 'json':
      requireName(event.name);
      return { ...event, at, value: loggedJson(event.value, CALL, `"${event.name}"`) };
    case 'define-metric':
    case 'dataset':
      requireName(event.name);
      return { ...event, at };
    case 'note':
    case 'log':
      return { ...event, at };
  }
}

function checkMetrics(values: Record<string, number>, step: number): void {
  if (!Number.isFinite(step) || Math.abs(step) > Number.MAX_SAFE_INTEGER) throw new RangeError(`a metric at step ${step}`);
  for (const name in values) {
    requireName(name);
    if (typeof values[name] !== 'number') throw new TypeError(`the metric "${name}" is no number`);
  }
}

function soundTags(tags: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(named(tags, (value) => String(value))).map(([name, value]) => [importedTagName(name), value]));
}

function named<T>(values: Record<string, T>, map: (value: T, name: string) => T): Record<string, T>;
function named(values: Record<string, Json>, map: (value: Json, name: string) => Json): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      requireName(name);
      return [name, map(value, name)];
    }),
  );
}

function requireName(name: string): void {
  if (name === '') throw new RangeError('something without a name');
}
