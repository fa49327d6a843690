import { checkKey, isMortiseError } from '@mortise/core';

/** What all keys in a place begin with, from the part of its URI behind the bucket: nothing, or something that ends with `/`. Undefined for what is no prefix. */
export function keyPrefixOf(path: string): string | undefined {
  const prefix = path.replace(/\/$/, '');
  if (prefix === '') return prefix;
  try {
    checkKey(prefix);
  } catch (error) {
    if (isMortiseError(error)) return undefined;
    throw error;
  }
  return `${prefix}/`;
}
