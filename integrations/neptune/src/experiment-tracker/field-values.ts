import type { Json } from '@mortise/core';

import type { FieldValue } from '../wire/snapshot.ts';

export const text = (value: string): FieldValue => ({ kind: 'string', value });

/** Params as fields: objects become several, with `/` in their names; arrays, whose order counts, stay JSON as text. */
export function* paramFields(name: string, value: Json): Generator<[path: string, value: FieldValue], void, undefined> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
    for (const [key, part] of Object.entries(value)) yield* paramFields(`${name}/${key}`, part);
    return;
  }
  yield [name, fieldOf(value)];
}

function fieldOf(value: Json): FieldValue {
  switch (typeof value) {
    case 'boolean':
      return { kind: 'bool', value };
    case 'number':
      return { kind: Number.isSafeInteger(value) && !Object.is(value, -0) ? 'int' : 'float', value };
    case 'string':
      return text(value);
    default:
      // As the Python client keeps None.
      return text(value === null ? '' : JSON.stringify(value));
  }
}
