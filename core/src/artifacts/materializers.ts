import { BadMaterializer, NameTaken, NotSerializable, UnknownMaterializer } from '../errors.ts';
import { bytesMaterializer } from './bytes-materializer.ts';
import { fileMaterializer } from './file-materializer.ts';
import { folderMaterializer } from './folder-materializer.ts';
import { jsonMaterializer } from './json-materializer.ts';
import type { Materializer } from './materializer.ts';
import { streamMaterializer } from './stream-materializer.ts';
import { stringMaterializer } from './string-materializer.ts';
import { typedArrayMaterializer } from './typed-array-materializer.ts';
import { describeValue } from './value-kind.ts';

const BUILT_IN = [
  fileMaterializer,
  folderMaterializer,
  streamMaterializer,
  bytesMaterializer,
  typedArrayMaterializer,
  stringMaterializer,
  jsonMaterializer,
] as unknown as readonly Materializer[];

const KEY = Symbol.for('mortise.materializers.v1');

/** Those of users, the latest registered first; one list for all copies of this package. */
function registered(): Materializer[] {
  const place = globalThis as { [KEY]?: Materializer[] };
  return (place[KEY] ??= []);
}

/**
 * Adds a materializer of your own. It is asked before the built-in ones and before those registered earlier. Registering a name again replaces it (a module
 * may be loaded twice), unless the one that is there has a higher version: that one reads older forms too.
 * Throws `BadMaterializer`, or `NameTaken` for the name of a built-in one.
 */
export function registerMaterializer<T>(materializer: Materializer<T>): void {
  check(materializer);
  const list = registered();
  const at = list.findIndex(({ name }) => name === materializer.name);
  if (at >= 0 && list[at]!.version > materializer.version) return;
  if (at >= 0) list.splice(at, 1);
  list.unshift(materializer);
}

function check({ name, version, handles, save, load }: Materializer): void {
  if (typeof name !== 'string' || name === '') throw new BadMaterializer({ materializer: String(name), reason: 'needs a name' });
  if (!Number.isSafeInteger(version) || version < 1)
    throw new BadMaterializer({ materializer: name, reason: 'needs a version: a whole number from 1' });
  for (const [member, fn] of Object.entries({ handles, save, load }))
    if (typeof fn !== 'function') throw new BadMaterializer({ materializer: name, reason: `has no function "${member}"` });
  if (BUILT_IN.some((one) => one.name === name)) throw new NameTaken({ kind: 'materializer', name });
}

/** The materializer that stores this value. Throws `NotSerializable`. */
export function materializerFor(value: unknown): Materializer {
  const found = registered().find((one) => one.handles(value)) ?? BUILT_IN.find((one) => one.handles(value));
  if (found === undefined) throw new NotSerializable({ path: 'value', what: describeValue(value) });
  return found;
}

/** The materializer that can load what `name` stored as `version`. Throws `UnknownMaterializer`. */
export function materializerNamed(name: string, version: number): Materializer {
  const found = [...registered(), ...BUILT_IN].find((one) => one.name === name);
  if (found === undefined || found.version < version) throw new UnknownMaterializer({ name, version });
  return found;
}

/** Names and versions of all, in the order in which they are asked: part of every cache key. */
export function knownMaterializers(): [name: string, version: number][] {
  return [...registered(), ...BUILT_IN].map(({ name, version }) => [name, version]);
}
