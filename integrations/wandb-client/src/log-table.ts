import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

import type { FileSource, RunWriter } from './run-records.ts';

/** `data`: rows, each with a value for every column. */
export interface LoggedTable {
  columns: readonly string[];
  data: readonly (readonly unknown[])[];
}

/**
 * Logs a table as the vendor's client does: a media file of the run, a `run_table` artifact with the types of its columns, and a value that points to
 * both. The value goes into the summary, where the workspace finds it; it takes no step of the history.
 */
export async function logTable(writer: RunWriter, runId: string, name: string, table: LoggedTable, signal?: AbortSignal): Promise<void> {
  const { columns, data } = table;
  const bytes = encoded({ columns, data });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const path = `media/table/${name}_${sha256.slice(0, 20)}.table.json`;
  const size = { ncols: columns.length, nrows: data.length };
  await writer.file(path, sourceOf(bytes), signal);
  const inside = `${name}.table.json`;
  const typed = encoded({ _type: 'table', column_types: typesOf(table), columns, data, log_mode: 'IMMUTABLE', ...size });
  const artifact = { name: artifactName(runId, name), type: 'run_table', files: [{ path: inside, ...sourceOf(typed) }] };
  const { clientId, sequenceClientId } = await writer.artifact(artifact, signal);
  writer.summary({
    [name]: {
      ...{ _type: 'table-file', sha256, size: bytes.length, path, ...size, log_mode: 'IMMUTABLE' },
      artifact_path: `wandb-client-artifact://${clientId}/${inside}`,
      _latest_artifact_path: `wandb-client-artifact://${sequenceClientId}:latest/${inside}`,
    },
  });
}

const LONGEST_NAME = 128;

/** As the vendor's client calls it: a name that has lost characters ends with a mark of what it was, as two may be alike then. It refuses those that are too long. */
function artifactName(runId: string, name: string): string {
  const whole = `run-${runId}-${name}`;
  const kept = whole.replace(/[^A-Za-z0-9_.-]+/g, '');
  if (kept === whole && kept.length <= LONGEST_NAME) return kept;
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(whole.toWellFormed()));
  const mark = `-${checksum.toString('base64url')}`;
  return `${kept.slice(0, LONGEST_NAME - mark.length)}${mark}`;
}

const encoded = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function sourceOf(bytes: Uint8Array): FileSource {
  return {
    async *read() {
      yield await Promise.resolve(bytes);
    },
  };
}

/** In the vendor's words. Every column may lack values. */
function typesOf({ columns, data }: LoggedTable): unknown {
  const types = columns.map((column, at) => [column, columnType(data.map((row) => row[at]))]);
  return { wb_type: 'typedDict', params: { type_map: Object.fromEntries(types) as unknown } };
}

function columnType(values: readonly unknown[]): unknown {
  const kinds = new Set(values.filter((value) => value !== null && value !== undefined).map((value) => typeof value));
  const [kind] = kinds;
  if (kind === undefined) return { wb_type: 'none' };
  if (kinds.size > 1 || kind === 'object') return { wb_type: 'any' };
  return { wb_type: 'union', params: { allowed_types: ['none', kind].sort().map((each) => ({ wb_type: each })) } };
}
