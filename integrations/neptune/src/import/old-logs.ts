import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import { createInterface } from 'node:readline';

import type { Snapshot } from '../wire/snapshot.ts';
import { GONE, isFile, whereLogged } from './found-file.ts';
import { OldOperations, type OldOperation } from './old-operations.ts';
import type { FoundSources, RunSource, Unreadable } from './run-source.ts';

/** A folder of Neptune 1.x: `metadata.json`, and operations in `data-1.log` and so on, a line of JSON each. */
interface OldFolder {
  path: string;
  runId: string;
  /** ms since the epoch, UTC. */
  createdAt: number;
  /** Its first operation, with its time in microseconds: that of no other folder but of its copies. */
  begins: string;
  /** Of all its logs, bytes. */
  size: number;
}

/** So much of a log is looked at for its first line, bytes. */
const FIRST_BYTES = 1 << 16;

/** Neptune 1.x does not write, offline, of which project a run is. */
const PROJECT = 'offline';

/** Runs in folders of Neptune 1.x. A run that was resumed has several. `warn` is told of what is no run (a model, a project), and of copies, which would count twice. */
export async function oldRuns(folders: readonly string[], warn: (message: string) => void): Promise<FoundSources> {
  const read: OldFolder[] = [];
  const unreadable: Unreadable[] = [];
  for (const path of folders) {
    try {
      const folder = await describe(path);
      if (typeof folder === 'string') warn(`${path} is not taken over: it is of a ${folder}, and no run`);
      else read.push(folder);
    } catch (error) {
      unreadable.push({ path, reason: (error as Error).message });
    }
  }
  const runs = Map.groupBy(read, ({ runId }) => runId);
  return { sources: Array.from(runs.values(), (ofRun) => sourceOf(withoutCopies(ofRun, warn), ofRun)), unreadable };
}

/** In the order of their time. Of a folder and its copies the one that goes furthest. */
function withoutCopies(folders: readonly OldFolder[], warn: (message: string) => void): OldFolder[] {
  const parts: OldFolder[] = [];
  for (const folder of folders.toSorted((one, other) => other.size - one.size)) {
    const whole = parts.find(({ begins, createdAt }) => begins !== '' && begins === folder.begins && createdAt === folder.createdAt);
    if (whole === undefined) parts.push(folder);
    else warn(`${folder.path} is a copy of ${whole.path}, and is left out`);
  }
  return parts.sort((one, other) => one.createdAt - other.createdAt);
}

/** Gives what it is if it is no run. Throws if it cannot be read. */
async function describe(path: string): Promise<OldFolder | string> {
  const metadata = JSON.parse(await readFile(join(path, 'metadata.json'), 'utf8')) as Partial<Record<string, unknown>>;
  const { containerId: runId, containerType: type, createdAt } = metadata;
  if (typeof runId !== 'string') throw new Error('its metadata.json does not say of which run it is');
  if (type !== 'run') return String(type);
  const at = typeof createdAt === 'string' ? Date.parse(createdAt) : NaN;
  const logs = await logsIn(path);
  const sizes = await Promise.all(logs.map(async (log) => (await stat(log)).size));
  const size = sizes.reduce((sum, each) => sum + each, 0);
  return { path, runId, createdAt: Number.isNaN(at) ? 0 : at, begins: await firstLineOf(logs[0]!), size };
}

/** In their order. */
async function logsIn(folder: string): Promise<string[]> {
  const logs = (await readdir(folder)).filter((name) => OLD_LOG.test(name));
  return logs.sort((one, other) => numberOf(one) - numberOf(other)).map((name) => join(folder, name));
}

async function firstLineOf(log: string): Promise<string> {
  await using file = await open(log);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(FIRST_BYTES), 0, FIRST_BYTES, 0);
  return buffer.toString('latin1', 0, bytesRead).split('\n', 1)[0]!;
}

/** `folders`: also copies, in which there may be uploads. */
function sourceOf(parts: readonly OldFolder[], folders: readonly OldFolder[]): RunSource {
  const { runId, createdAt } = parts[0]!;
  return {
    project: PROJECT,
    runId,
    ...(createdAt > 0 && { createdAt }),
    async *snapshots(signal, warn): AsyncGenerator<Snapshot, void, undefined> {
      const operations = new OldOperations((what) => warn(`${what} is not taken over`));
      for (const part of parts) for await (const operation of operationsIn(part, signal, warn)) operations.note(operation);
      for (const part of parts) for await (const operation of operationsIn(part, signal, warn)) yield* operations.snapshots(operation);
    },
    async fileAt({ path }, at) {
      if (isAbsolute(path)) return whereLogged(path, { at });
      for (const { path: folder } of folders) {
        const place = join(folder, 'upload_path', basename(path));
        if (await isFile(place)) return { path: place };
      }
      return GONE;
    },
  };
}

async function* operationsIn(
  { path }: OldFolder,
  signal: AbortSignal,
  warn: (message: string) => void,
): AsyncGenerator<OldOperation, void, undefined> {
  for (const log of await logsIn(path)) {
    const lines = createInterface({ input: createReadStream(log, { signal }), crlfDelay: Infinity });
    for await (const line of lines) {
      if (line.trim() === '') continue;
      const operation = parsed(line);
      if (operation === undefined) warn(`a line of ${log} is not taken over: it is no operation`);
      else yield operation;
    }
  }
}

/** A log of operations. */
export const OLD_LOG = /^data-\d+\.log$/;

function numberOf(name: string): number {
  return Number(/\d+/.exec(name)![0]);
}

/** Integers of which no number has all digits are bigints. */
function parsedExactly(line: string): unknown {
  if (!/\d{16}/.test(line)) return JSON.parse(line);
  const revive = (_: string, value: unknown, { source }: { source?: string }): unknown => {
    const isBig = typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '');
    return isBig ? BigInt(source!) : value;
  };
  // TypeScript does not know yet what a reviver is told beside.
  return JSON.parse(line, revive as (key: string, value: unknown) => unknown);
}

/** Undefined for a line that was cut when its process died. */
function parsed(line: string): OldOperation | undefined {
  try {
    const { obj, at } = parsedExactly(line) as { obj?: Partial<OldOperation>; at?: unknown };
    const isOperation = typeof obj?.type === 'string' && Array.isArray(obj.path);
    return isOperation ? ({ ...obj, at: typeof at === 'number' ? at * 1_000 : 0 } as OldOperation) : undefined;
  } catch {
    return undefined;
  }
}
