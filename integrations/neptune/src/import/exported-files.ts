import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';

import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';

import { intField } from '../wire/int-field.ts';
import type { FieldValue, Snapshot } from '../wire/snapshot.ts';
import { filesBelow } from './files-below.ts';
import { GONE, isFile } from './found-file.ts';
import { isThere } from './is-there.ts';
import type { FoundSources, RunSource, Unreadable } from './run-source.ts';

/** A row of neptune-exporter's files: one value of one run. */
interface ExportedRow {
  project_id: string;
  run_id: string;
  attribute_path: string;
  attribute_type: string;
  /** decimal(18, 6). */
  step: number | null;
  timestamp: Date | null;
  int_value: bigint | number | null;
  float_value: number | null;
  string_value: string | null;
  bool_value: boolean | null;
  datetime_value: Date | null;
  string_set_value: string[] | null;
  file_value: { path: string } | null;
  histogram_value: { type: string; edges: number[]; values: (number | bigint)[] } | null;
}

/** Rows of one call to the reader; one row group at most. */
const ROWS = 50_000;

/** Runs that neptune-exporter wrote, parts of a run one after the other. */
export async function exportedRuns(paths: readonly string[], signal: AbortSignal): Promise<FoundSources> {
  const runs = Map.groupBy(paths, (path) => path.replace(PART, ''));
  const found: FoundSources = { sources: [], unreadable: [] };
  for (const parts of runs.values()) {
    const inOrder = parts.sort((one, other) => partOf(one) - partOf(other));
    const flaws = await flawsOf(inOrder);
    try {
      if (flaws.length === 0) for (const run of await runsIn(inOrder, signal)) found.sources.push(sourceOf(run, inOrder));
    } catch (error) {
      if (signal.aborted) throw error;
      flaws.push({ path: inOrder[0]!, reason: `it is damaged (${(error as Error).message})` });
    }
    found.unreadable.push(...flaws);
  }
  return found;
}

/** How the exporter calls the parts of a run, the first 0. */
const PART = /_part_(\d+)\.parquet$/;

function partOf(path: string): number {
  return Number(PART.exec(path)?.[1] ?? 0);
}

/** All parts of the run of which this is one: it would be taken for the whole of it, for ever. */
export async function partsBeside(path: string): Promise<string[]> {
  if (!PART.test(path)) return [path];
  const run = basename(path).replace(PART, '');
  const names = (await readdir(dirname(path))).filter((name) => PART.test(name) && name.replace(PART, '') === run);
  return names.map((name) => join(dirname(path), name));
}

/** Why these are not the parts of a run: without one of them, half of it would be taken for the whole. */
async function flawsOf(parts: readonly string[]): Promise<Unreadable[]> {
  const missing = parts.findIndex((path, index) => partOf(path) !== index);
  if (missing !== -1) return [{ path: parts[missing]!, reason: `part ${missing} of its run is not there` }];
  const reasons = await Promise.all(parts.map(async (path) => ({ path, reason: await flawOf(path) })));
  return reasons.flatMap(({ path, reason }) => (reason === undefined ? [] : [{ path, reason }]));
}

/** Why it is no file of the exporter, as far as its end tells: a Parquet file is told by that. */
async function flawOf(path: string): Promise<string | undefined> {
  try {
    const { schema } = await parquetMetadataAsync(await asyncBufferFromFile(path));
    const missing = ['project_id', 'run_id', 'attribute_path', 'attribute_type'].find(
      (name) => !schema.some((column) => column.name === name),
    );
    return missing && lacking(missing);
  } catch {
    return 'it is no Parquet file, or its end is missing';
  }
}

function lacking(column: string): string {
  return `it is no file of neptune-exporter: it has no column "${column}"`;
}

interface RunName {
  project: string;
  runId: string;
}

/** The exporter writes one run into a file, which other tools may have joined. */
async function runsIn(paths: readonly string[], signal: AbortSignal): Promise<RunName[]> {
  const names = new Map<string, RunName>();
  for (const path of paths)
    for await (const { project_id: project, run_id: runId } of rowsOf(path, signal, ['project_id', 'run_id']))
      names.set(`${project}\n${runId}`, { project, runId });
  return [...names.values()];
}

function sourceOf({ project, runId }: RunName, paths: readonly string[]): RunSource {
  return {
    project,
    runId,
    async *snapshots(signal, warn) {
      const steps = new Steps();
      const unknown = new Map<string, number>();
      for (const path of paths) {
        for await (const row of rowsOf(path, signal)) {
          if (row.project_id !== project || row.run_id !== runId) continue;
          const kind = kindOf(row);
          if (!Object.hasOwn(COLUMNS, kind)) unknown.set(kind, (unknown.get(kind) ?? 0) + 1);
          const snapshot = kind === 'file_set' ? await fileSet(row, paths[0]!) : snapshotOf(row, steps);
          if (snapshot !== undefined) yield snapshot;
        }
      }
      for (const [kind, count] of unknown)
        warn(`values of a kind that is not known here (${kind}) are not taken over: ${count.toLocaleString('en')}`);
      const missing = steps.missing.toLocaleString('en');
      if (steps.missing > 0)
        warn(`values of series without a step, as neptune-exporter gives each, are counted on from the value before: ${missing}`);
    },
    async fileAt({ path }) {
      for (const place of placesOf(paths[0]!, path)) if (await isFile(place)) return { path: place };
      return GONE;
    },
  };
}

async function folderAt(parquet: string, path: string): Promise<string | undefined> {
  for (const place of placesOf(parquet, path)) if (await isThere(place)) return place;
  return undefined;
}

/** Of a set of files the exporter names the folder. Where that is gone, whoever looks for it says so. */
async function fileSet(row: ExportedRow, parquet: string): Promise<Snapshot | undefined> {
  const value = valueOf(row);
  if (value?.kind !== 'file') return undefined;
  const { path } = value.value;
  const folder = await folderAt(parquet, path);
  const names = folder === undefined ? [''] : (await filesBelow(folder)).map((name) => `/${name}`);
  const files = names.map((name) => [row.attribute_path + name, fileField(path + name)] as const);
  return { at: timeOf(row), assign: new Map(files) };
}

/**
 * `data/PROJECT/RUN_part_0.parquet` has its files in `files/PROJECT`, unless they were put elsewhere. A path that leads out of there is none of the exporter's:
 * who reads an export of somebody else takes no file of his own for a part of it.
 */
function placesOf(parquet: string, path: string): string[] {
  const folder = dirname(parquet);
  const project = basename(folder);
  const roots = [dirname(dirname(folder)), dirname(folder)].flatMap((root) => [join(root, 'files', project), join(root, 'files')]);
  return [...roots, folder].flatMap((root) => {
    const place = join(root, path);
    return relative(root, place).split(sep).includes('..') ? [] : [place];
  });
}

async function* rowsOf(path: string, signal: AbortSignal, columns?: string[]): AsyncGenerator<ExportedRow, void, undefined> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  let from = 0;
  for (const { num_rows: count } of metadata.row_groups) {
    const end = from + Number(count);
    for (; from < end; from = Math.min(from + ROWS, end)) {
      signal.throwIfAborted();
      const range = { rowStart: from, rowEnd: Math.min(from + ROWS, end) };
      yield* (await parquetReadObjects({ file, metadata, ...range, ...(columns && { columns }) })) as unknown as ExportedRow[];
    }
  }
}

/** Undefined for a row without a value. */
function snapshotOf(row: ExportedRow, steps: Steps): Snapshot | undefined {
  const value = valueOf(row);
  if (value === undefined) return undefined;
  const fields = new Map([[row.attribute_path, value]]);
  const at = timeOf(row);
  if (!row.attribute_type.endsWith('_series')) return { at, assign: fields };
  requireColumn(row, 'step');
  // Texts become lines of output, which have none.
  return { at, ...(value.kind !== 'string' && { step: steps.of(row) }), append: fields };
}

/** Steps of the values of a run's series. The exporter writes one with each; it makes null only of what has none in its own tables. */
class Steps {
  readonly #last = new Map<string, number>();
  /** Values that have none, so far. */
  missing = 0;

  of({ attribute_path: path, step }: ExportedRow): number {
    if (step === null) this.missing++;
    const at = step === null ? (this.#last.get(path) ?? -1) + 1 : Number(step);
    this.#last.set(path, at);
    return at;
  }
}

/** Without a column nothing is known of its values, not even that there are none. */
function requireColumn(row: ExportedRow, column: string): void {
  if (!(column in row)) throw new Error(lacking(column));
}

/** Kinds of values, each with its column. An artifact of Neptune 2 is the list of its files. */
const COLUMNS: Readonly<Record<string, keyof ExportedRow>> = {
  float: 'float_value',
  int: 'int_value',
  string: 'string_value',
  bool: 'bool_value',
  datetime: 'datetime_value',
  string_set: 'string_set_value',
  file: 'file_value',
  file_set: 'file_value',
  artifact: 'file_value',
  histogram: 'histogram_value',
};

const kindOf = ({ attribute_type: type }: ExportedRow): string => type.replace(/_series$/, '');
const timeOf = ({ timestamp }: ExportedRow): number => timestamp?.getTime() ?? 0;
const fileField = (path: string): FieldValue => ({ kind: 'file', value: { path, size: 0, mime: '' } });

function valueOf(row: ExportedRow): FieldValue | undefined {
  const kind = kindOf(row);
  if (Object.hasOwn(COLUMNS, kind)) requireColumn(row, COLUMNS[kind]!);
  const { float_value: float, int_value: int, string_value: string, bool_value: bool, datetime_value: time } = row;
  const { string_set_value: strings, file_value: file, histogram_value: histogram } = row;
  switch (kind) {
    case 'float':
      return float === null ? undefined : { kind: 'float', value: float };
    case 'int':
      return int === null ? undefined : intField(int);
    case 'string':
      return string === null ? undefined : { kind: 'string', value: string };
    case 'bool':
      return bool === null ? undefined : { kind: 'bool', value: bool };
    case 'datetime':
      return time === null ? undefined : { kind: 'timestamp', value: time.getTime() };
    case 'string_set':
      return strings === null ? undefined : { kind: 'strings', value: strings };
    case 'file':
    case 'file_set':
    case 'artifact':
      return file === null ? undefined : fileField(file.path);
    case 'histogram':
      return histogram === null
        ? undefined
        : { kind: 'histogram', value: { edges: histogram.edges.map(Number), values: histogram.values.map(Number) } };
    default:
      return undefined;
  }
}
