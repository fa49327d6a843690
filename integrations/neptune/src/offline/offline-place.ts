import { createHash, randomUUID } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { isMortiseError, shellWord, Transient, type TrackerRunRef } from '@mortise/core';

import type { RunFile } from '../experiment-tracker/run-files.ts';
import type { Refused, RunMemory, RunWrites } from '../experiment-tracker/run-memory.ts';
import type { RunPlace } from '../experiment-tracker/run-place.ts';
import { OperationsFile, type UploadRequest } from './operations-file.ts';

/** A run in a file, with copies of its own files beside it. */
export class OfflinePlace implements RunPlace {
  readonly #file: OperationsFile;
  readonly #runId: string;
  readonly #project: string;
  /** Copies that no transaction speaks of yet. */
  #copies: UploadRequest[] = [];

  /** `known`: what another process has told of the run. */
  constructor(path: string, { project, runId, known }: { project: string; runId: string; known: TrackerRunRef | undefined }) {
    const { printed } = (known?.state ?? {}) as { printed?: Record<string, number> };
    this.#file = new OperationsFile(path, { project, runId }, printed && { steps: new Map(Object.entries(printed)) });
    this.#project = project;
    this.#runId = runId;
  }

  get ref(): TrackerRunRef {
    const { path, printed } = this.#file;
    return {
      ...(Object.keys(printed).length > 0 && { state: { printed } }),
      id: this.#runId,
      url: pathToFileURL(path).href,
      ids: {
        neptune_run_id: this.#runId,
        neptune_project: this.#project,
        neptune_operations_file: path,
        neptune_sync_command: `neptune sync ${shellWord(path)}`,
      },
    };
  }

  get memory(): RunMemory {
    return explained(this.#file.path, () => this.#file.memory);
  }

  async keepFile(file: RunFile, signal: AbortSignal): Promise<void> {
    const folder = dirname(this.#file.path);
    // Of the storage path, so that a copy that was made before a crash is made over.
    const name = createHash('sha256').update(file.path).digest('hex').slice(0, 32);
    const source = join(folder, `${name}${extname(file.path)}`);
    const part = `${source}.${randomUUID()}`;
    try {
      await copy(file.open(signal), part);
      await rename(part, source);
      await removeParts(source);
    } catch (error) {
      await rm(part, { force: true });
      if (isMortiseError(error) || signal.aborted) throw error;
      throw new Transient(`${source} cannot be written: ${(error as Error).message}`, { cause: error });
    }
    this.#copies = [...this.#copies.filter(({ destination }) => destination !== file.path), uploadOf(file, source)];
  }

  async write(make: (memory: RunMemory) => RunWrites, signal: AbortSignal): Promise<Refused[]> {
    signal.throwIfAborted();
    const { refused } = explained(this.#file.path, () => this.#file.write(make, this.#copies));
    this.#copies = [];
    return refused;
  }

  rest(): void {
    this.#file.close();
  }
}

function uploadOf({ path, mime, size }: RunFile, source: string): UploadRequest {
  return { source, destination: path, mime, size };
}

/** Those that processes have left that were killed. One that is at it still begins anew. */
async function removeParts(source: string): Promise<void> {
  const [folder, name] = [dirname(source), basename(source)];
  const parts = (await readdir(folder)).filter((each) => each.startsWith(`${name}.`) && UUID.test(each.slice(name.length + 1)));
  for (const part of parts) await rm(join(folder, part), { force: true });
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function copy(bytes: AsyncIterable<Uint8Array>, to: string): Promise<void> {
  await using handle = await open(to, 'wx');
  await handle.writeFile(bytes);
  await handle.sync();
}

/** What SQLite says becomes a failure that may pass: another process has the file, the disk is full. */
function explained<T>(path: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (isMortiseError(error)) throw error;
    throw new Transient(`${path} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}
