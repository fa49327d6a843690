import { untilAborted } from '../execution/until-stopped.ts';
import type { CommittedVersion } from '../store/version-data.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { writeValue, type Body } from './write-value.ts';

/** Up to this size the stored bytes are kept in memory, so that the next step's value can be decoded from them. */
export const MAX_ENCODED_BYTES = 256 * 1024;

export interface SavedValue extends Omit<CommittedVersion, 'id' | 'output' | 'metadata'> {
  /** The stored bytes, if they are one small file: for `HandOver`, not to be committed. */
  encoded: Uint8Array | undefined;
}

export interface SaveTarget {
  store: ArtifactStore;
  /** From `keyPrefixOf`. */
  keyPrefix: string;
  signal?: AbortSignal;
}

/**
 * Stores a value through its materializer: a single file at `<keyPrefix>.<extension>`, or a folder of files at `<keyPrefix>/<path>`.
 * Throws `NotSerializable`, `BadMaterializer`, `ArtifactStoreFailed`, or the signal's reason.
 */
export async function saveValue(value: unknown, target: SaveTarget): Promise<SavedValue> {
  const { store, keyPrefix, signal } = target;
  let encoded: Uint8Array | undefined;
  const puts: Promise<unknown>[] = [];
  const stop = new AbortController();
  const stopped = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const writing = writeValue(value, (body, { name, type, size: told }) => {
    const whole = smallBody(body);
    encoded = whole;
    const size = isWhole(body) ? body.byteLength : told;
    const put = store.put(keyPrefix + name, whole ?? body, {
      ...(size !== undefined && { size }),
      ...(type !== undefined && { type }),
      signal: stopped,
    });
    puts.push(put);
    return put;
  });
  const { files, ...written } = await unlessFailed(untilAborted(writing, stopped), puts, stop);
  if (files[0]!.path === undefined) return { ...written, key: keyPrefix + files[0]!.name, encoded };
  const manifest = files.map(({ path, name, size, sha256 }) => ({ path: path!, key: keyPrefix + name, size, sha256 }));
  return { ...written, key: keyPrefix, manifest, encoded: undefined };
}

/** A store stops at the signal, and takes away what it has begun; a materializer hears of none, and may never end. Nobody needs the other files of one that failed. */
async function unlessFailed<T>(writing: Promise<T>, puts: readonly Promise<unknown>[], stop: AbortController): Promise<T> {
  try {
    return await writing;
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(puts);
    throw error;
  }
}

/** A copy, for the body may be a view of memory that is still the user's. */
function smallBody(body: Body): Uint8Array | undefined {
  return isWhole(body) && body.byteLength <= MAX_ENCODED_BYTES ? new Uint8Array(body) : undefined;
}

function isWhole(body: Body): body is Uint8Array {
  return ArrayBuffer.isView(body);
}
