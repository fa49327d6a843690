import type { Json } from '@mortise/core';

/** Between the names of nested parameters, as Comet's client writes them and its pages fold them. */
const BETWEEN = '|';
/** How deep objects are taken apart; below, they are texts. Comet's client stops there, too. */
const DEEPEST = 10;

export interface FlatParams {
  params: [name: string, value: Json][];
  /** There was an object among the values. */
  nested: boolean;
}

/** Parameters as Comet takes them: objects taken apart, lists of plain values as they are, all else as JSON text. */
export function flatParams(values: Record<string, Json>): FlatParams {
  const flat: FlatParams = { params: [], nested: false };
  for (const [name, value] of Object.entries(values)) addTo(flat, name, value, 1);
  return flat;
}

function addTo(flat: FlatParams, name: string, value: Json, depth: number): void {
  if (isObject(value)) {
    const inner = Object.entries(value);
    if (inner.length > 0 && depth < DEEPEST) {
      flat.nested = true;
      for (const [key, part] of inner) addTo(flat, `${name}${BETWEEN}${key}`, part, depth + 1);
      return;
    }
  }
  flat.params.push([name, isObject(value) || isOfObjects(value) ? JSON.stringify(value) : value]);
}

function isObject(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOfObjects(value: Json): boolean {
  return Array.isArray(value) && value.some((item) => typeof item === 'object' && item !== null);
}
