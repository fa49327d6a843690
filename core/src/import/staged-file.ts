import { linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { newId } from '../id.ts';

const FOLDER = '.staged';
/** Written at once, bytes. */
const CHUNK = 1 << 18;
/** What a process that died has left is removed once nobody can be writing it any more, ms. */
const ABANDONED_MS = 24 * 3_600_000;

/** A file of lines that is written apart, and takes its place among the others when it is whole. */
export class StagedFile {
  /** Where it is written. */
  readonly path: string;
  readonly #file: FileHandle;
  readonly #chunk = Buffer.allocUnsafe(CHUNK);
  #filled = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** `stepRunId`: of which it is. */
  static async create(logsFolder: string, stepRunId: string): Promise<StagedFile> {
    const folder = join(logsFolder, FOLDER);
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${stepRunId}.${newId()}`);
    return new StagedFile(path, await open(path, 'wx'));
  }

  /** Where a promise is given, the next line is to wait for it. */
  append(line: Uint8Array): Promise<void> | undefined {
    const written = this.#filled + line.length > CHUNK ? this.#flush(line.length > CHUNK ? line : undefined) : undefined;
    if (line.length <= CHUNK) {
      this.#chunk.set(line, this.#filled);
      this.#filled += line.length;
    }
    return written;
  }

  /**
   * Brings it to the disk, and to `path`, in place of what may be there: that was left by an import which came no further. It stays staged, too, until it is
   * discarded.
   */
  async close(path: string): Promise<void> {
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    mkdirSync(dirname(path), { recursive: true });
    const whole = `${this.path}.whole`;
    try {
      linkSync(this.path, whole);
    } catch {
      // There are file systems without links.
      return renameSync(this.path, path);
    }
    renameSync(whole, path);
  }

  /** What `close` has brought to its place stays there. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    rmSync(this.path, { force: true });
  }

  /** What is gathered, and a line that is larger than all of that may be. Both are copied: their buffers serve others at once. */
  async #flush(line?: Uint8Array): Promise<void> {
    const bytes = Buffer.concat([this.#chunk.subarray(0, this.#filled), ...(line === undefined ? [] : [line])]);
    this.#filled = 0;
    for (let at = 0; at < bytes.length;) at += (await this.#file.write(bytes, at)).bytesWritten;
  }
}

/** Removes what imports that were killed have left. */
export function removeAbandonedLogs(logsFolder: string): void {
  for (const { path, isAbandoned } of stagedIn(logsFolder)) if (isAbandoned) rmSync(path, { force: true });
}

/** Step runs that are being imported, of which the store knows nothing yet. */
export function stagedStepRuns(logsFolder: string): ReadonlySet<string> {
  return new Set(stagedIn(logsFolder).flatMap(({ path, isAbandoned }) => (isAbandoned ? [] : [basename(path).split('.')[0]!])));
}

/** What is being written of a step run now, by whomever. */
export function stagedOf(logsFolder: string, stepRunId: string): string[] {
  const staged = stagedIn(logsFolder).filter(({ path, isAbandoned }) => !isAbandoned && basename(path).startsWith(`${stepRunId}.`));
  return staged.map(({ path }) => path);
}

function stagedIn(logsFolder: string): { path: string; isAbandoned: boolean }[] {
  const folder = join(logsFolder, FOLDER);
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    // Nothing was ever staged here.
  }
  return names.map((name) => {
    const path = join(folder, name);
    const { mtimeMs = Date.now() } = statSync(path, { throwIfNoEntry: false }) ?? {};
    return { path, isAbandoned: Date.now() - mtimeMs > ABANDONED_MS };
  });
}
