import type { FieldValue } from './snapshot.ts';

/** An integer of 64 bits. */
export function intField(given: bigint | number | string): FieldValue {
  const value = Number(given);
  const isExact = typeof given === 'number' || Number.isSafeInteger(value);
  return { kind: 'int', value, ...(!isExact && { exact: String(given) }) };
}
