import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as types from 'node:util/types';

import { fileBytes } from '../artifacts/file-bytes.ts';
import { lostMemory } from '../artifacts/typed-array-bytes.ts';
import { BadLogValue } from '../errors.ts';
import { redact } from '../secrets/redaction.ts';
import { checkName, checkOptions, described } from './log-calls.ts';
import type { AttemptTracking } from './run-tracking.ts';

export interface ArtifactOptions {
  /** Where it goes in the run, relative, with `/`. Default: the file's own name (of a folder: the top). */
  path?: string;
  /** Media type or kind, for people and trackers. */
  type?: string;
}

const OPTIONS: readonly (keyof ArtifactOptions)[] = ['path', 'type'];

/** Up to here a file is read whole, which is faster than a stream. Bytes. */
const SMALL = 1 << 20;
const CHUNK_BYTES = 1 << 18;

/** Stores one file, or bytes, in the run's artifact store and logs where it is. */
export async function logFile(
  tracking: AttemptTracking,
  call: string,
  source: string | URL | Uint8Array,
  options: ArtifactOptions,
): Promise<void> {
  checkOptions(call, options, OPTIONS);
  const bytes = types.isUint8Array(source) ? source : undefined;
  const lost = bytes && lostMemory(bytes);
  if (lost !== undefined) throw new BadLogValue({ call, reason: `the bytes are ${lost}` });
  if (options.type !== undefined && typeof options.type !== 'string')
    throw new BadLogValue({ call, reason: `"type" is ${described(options.type)}, not text` });
  const file = bytes === undefined ? pathOf(call, source as string | URL) : undefined;
  const named = options.path ?? (file === undefined ? undefined : basename(file));
  if (named === undefined) throw new BadLogValue({ call, reason: 'bytes have no name: give { path }' });
  checkPath(call, named);
  // It becomes part of a key in the artifact store.
  const path = redact(named);
  const { body, size } = bytes === undefined ? await contentOf(call, file!) : { body: bytes };
  const saved = await tracking.saveFile(path, body, size);
  tracking.append({ kind: 'artifact', path, ...saved, ...(options.type !== undefined && { type: options.type }) });
}

/** Stores every file below a folder. What is neither file nor folder is refused, as `folder()` does. */
export async function logFolder(tracking: AttemptTracking, call: string, folder: string | URL, options: ArtifactOptions): Promise<void> {
  checkOptions(call, options, OPTIONS);
  const root = pathOf(call, folder);
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new BadLogValue({ call, reason: cause.code === 'ENOENT' ? `there is no folder ${root}` : cause.message }, { cause });
  });
  const other = entries.find((entry) => !entry.isFile() && !entry.isDirectory());
  if (other !== undefined) {
    const what = other.isSymbolicLink() ? 'a symbolic link' : 'no regular file';
    throw new BadLogValue({ call, reason: `${join(other.parentPath, other.name)} is ${what}` });
  }
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    const path = [...(options.path === undefined ? [] : [options.path]), ...relative(root, file).split(sep)].join('/');
    await logFile(tracking, call, file, { ...options, path });
  }
}

async function contentOf(call: string, file: string): Promise<{ body: Uint8Array | AsyncIterable<Uint8Array>; size?: number }> {
  try {
    const facts = await stat(file);
    if (facts.isDirectory()) throw new BadLogValue({ call, reason: `${file} is a folder: use logArtifacts` });
    // Reading a pipe may never end, and then keeps the process from ending, too.
    if (!facts.isFile()) throw new BadLogValue({ call, reason: `${file} is no regular file` });
    return facts.size <= SMALL ? { body: await readFile(file) } : fileBytes(file, facts.size, CHUNK_BYTES);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new BadLogValue({ call, reason: `there is no file ${file}` }, { cause });
  }
}

function pathOf(call: string, place: string | URL): string {
  if (typeof place === 'string') return place;
  if ((place as URL | undefined)?.protocol !== 'file:') throw new BadLogValue({ call, reason: 'it takes a path, a file: URL or bytes' });
  return fileURLToPath(place);
}

function checkPath(call: string, path: string): void {
  checkName(call, path, 'the path');
  const segments = path.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..') || path.includes('\\'))
    throw new BadLogValue({ call, reason: `"${path}" is no relative path with "/"` });
}
