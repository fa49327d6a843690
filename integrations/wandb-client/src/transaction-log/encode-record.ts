import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

import { escapedName } from '../metric-name.ts';
import { isPlainObject } from '../nested-value.ts';
import { toValueJson } from '../value-json.ts';
import type { MetricDefinition, RunAlert } from '../run-records.ts';
import type { ArtifactRecord, Environment, LoggedRun, LogRecord, ManifestEntry, Telemetry, ValueAt } from './log-record.ts';

/** Record kinds that can be written. */
export type WritableRecord = Exclude<LogRecord, { kind: 'other' }>;

/**
 * The protobuf bytes of a record, by the field numbers of `wandb_internal.Record`. `num` counts a file's records from 1. As in proto3, fields that
 * have their zero value are left out.
 */
export function encodeRecord(num: number, record: WritableRecord): Uint8Array {
  const out = shared;
  try {
    out.tag(1, WireType.Varint).int64(num);
    out.tag(RECORD_FIELDS[record.kind], WireType.LengthDelimited).fork();
    writeBody(out, record);
    return out.join().finish();
  } catch (error) {
    shared = new BinaryWriter();
    throw error;
  }
}

/** A new one for each record would take twice the time. */
let shared = new BinaryWriter();

export const RECORD_FIELDS: Readonly<Record<WritableRecord['kind'], number>> = {
  history: 2,
  summary: 3,
  config: 5,
  files: 6,
  stats: 7,
  artifact: 8,
  alert: 10,
  telemetry: 11,
  metric: 12,
  output: 13,
  run: 17,
  exit: 18,
  header: 21,
  footer: 22,
  environment: 26,
};

function writeBody(out: BinaryWriter, record: WritableRecord): void {
  switch (record.kind) {
    case 'history':
      return writeRow(out, record.row);
    case 'stats':
      writeTime(out, 2, record.at);
      for (const [name, value] of Object.entries(record.values)) writeStat(out, name, value);
      return;
    case 'summary':
      for (const { path, value } of record.update) writeItem(out, 1, path, toValueJson(value));
      for (const path of record.remove) writeItem(out, 2, path);
      return;
    case 'config':
      writeConfig(out, record.update);
      for (const path of record.remove) writeItem(out, 2, path);
      return;
    case 'output':
      writeUint(out, 1, record.stream === 'out' ? 1 : 0);
      writeTime(out, 2, record.at);
      return writeString(out, 3, record.text);
    case 'run':
      return writeRun(out, record.run);
    case 'metric':
      return writeMetric(out, record.definition, record.stepSync);
    case 'telemetry':
      return writeTelemetry(out, record.telemetry);
    case 'environment':
      return writeEnvironment(out, record.environment);
    case 'files':
      for (const path of record.paths) writeMessage(out, 1, () => writeString(out, 1, path));
      return;
    case 'artifact':
      return writeArtifact(out, record.artifact);
    case 'alert':
      return writeAlert(out, record.alert);
    case 'exit':
      writeInt(out, 1, record.code);
      return writeInt(out, 2, record.runtimeSeconds);
    case 'header':
      return writeMessage(out, 1, () => {
        writeString(out, 1, record.producer);
        writeString(out, 2, record.minConsumer);
      });
    case 'footer':
      return;
  }
}

/** One item for each value that is not an object of values itself: `{a: {b: 1}}` is `["a", "b"]`. An empty object leaves nothing. */
function writeRow(out: BinaryWriter, row: Record<string, unknown>): void {
  const path: string[] = [];
  const writeValues = (values: Record<string, unknown>): void => {
    for (const name in values) {
      const value = values[name];
      path.push(name);
      if (isPlainObject(value)) writeValues(value);
      else if (value !== undefined) writeItem(out, 1, path, toValueJson(value), true);
      path.pop();
    }
  };
  writeValues(row);
  const step = row['_step'];
  writeMessage(out, 2, () => writeInt(out, 1, typeof step === 'number' ? step : 0));
}

/** The server's names have `system.` before those of the file. */
function writeStat(out: BinaryWriter, name: string, value: unknown): void {
  writeMessage(out, 3, () => {
    writeString(out, 1, name.replace(/^system\./, ''));
    writeString(out, 16, toValueJson(value));
  });
}

function writeConfig(out: BinaryWriter, update: readonly ValueAt[]): void {
  for (const { path, value } of update) writeItem(out, 1, path, toValueJson(value, 'null'));
}

/** `key` for a path of one, unless it is to be nested all the same, as W&B's own client has it in a history. */
function writeItem(out: BinaryWriter, field: number, path: readonly string[], json?: string, isNested = path.length > 1): void {
  out.tag(field, WireType.LengthDelimited).fork();
  if (isNested) for (const part of path) out.tag(2, WireType.LengthDelimited).string(part);
  else out.tag(1, WireType.LengthDelimited).string(path[0]!);
  if (json !== undefined) out.tag(16, WireType.LengthDelimited).string(json);
  out.join();
}

function writeRun(out: BinaryWriter, run: LoggedRun): void {
  writeString(out, 1, run.id);
  writeString(out, 2, run.entity);
  writeString(out, 3, run.project);
  writeMessage(out, 4, () => writeConfig(out, run.config));
  writeString(out, 6, run.group);
  writeString(out, 7, run.jobType);
  writeString(out, 8, run.displayName);
  writeString(out, 9, run.notes);
  for (const tag of run.tags ?? []) out.tag(10, WireType.LengthDelimited).string(tag);
  writeString(out, 13, run.host);
  writeTime(out, 17, run.startedAt);
  if (run.resumed) writeUint(out, 18, 1);
  if (run.telemetry) writeMessage(out, 19, () => writeTelemetry(out, run.telemetry!));
}

function writeMetric(out: BinaryWriter, definition: MetricDefinition, stepSync: boolean): void {
  writeString(out, definition.name.endsWith('*') ? 2 : 1, escapedName(definition.name));
  writeString(out, 4, definition.stepMetric && escapedName(definition.stepMetric));
  writeMessage(out, 6, () => {
    writeUint(out, 1, stepSync ? 1 : 0);
    writeUint(out, 2, definition.hidden ? 1 : 0);
    writeUint(out, 3, 1);
  });
  const { summary = [] } = definition;
  if (summary.length > 0)
    writeMessage(out, 7, () => SUMMARY_FIELDS.forEach(([kind, field]) => writeUint(out, field, summary.includes(kind) ? 1 : 0)));
  if (definition.goal) writeUint(out, 8, definition.goal === 'minimize' ? 1 : 2);
}

/** By field number. */
export const SUMMARY_FIELDS = [
  ['min', 1],
  ['max', 2],
  ['mean', 3],
  ['last', 5],
  ['none', 6],
  ['first', 8],
] as const;

function writeTelemetry(out: BinaryWriter, { offline, platform }: Telemetry): void {
  if (offline) writeMessage(out, 3, () => writeUint(out, 4, 1));
  writeString(out, 13, platform);
}

function writeEnvironment(out: BinaryWriter, { os, startedAt, program, host }: Environment): void {
  writeString(out, 1, os);
  if (startedAt !== undefined) writeTime(out, 3, startedAt);
  writeString(out, 6, program);
  writeString(out, 12, host);
}

function writeArtifact(out: BinaryWriter, artifact: ArtifactRecord): void {
  writeString(out, 1, artifact.runId);
  writeString(out, 2, artifact.project);
  writeString(out, 3, artifact.entity);
  writeString(out, 4, artifact.type);
  writeString(out, 5, artifact.name);
  writeString(out, 6, artifact.digest);
  writeString(out, 7, artifact.description);
  writeString(out, 8, artifact.metadata);
  for (const alias of artifact.aliases) out.tag(11, WireType.LengthDelimited).string(alias);
  writeMessage(out, 12, () => writeManifest(out, artifact.entries));
  writeUint(out, 14, 1);
  writeString(out, 15, artifact.clientId);
  writeString(out, 16, artifact.sequenceClientId);
  writeString(out, 20, 'MANIFEST_MD5');
}

function writeManifest(out: BinaryWriter, entries: readonly ManifestEntry[]): void {
  writeUint(out, 1, 1);
  writeString(out, 2, 'wandb-storage-policy-v1');
  writeMessage(out, 3, () => {
    writeString(out, 1, 'storageLayout');
    writeString(out, 2, '"V2"');
  });
  for (const { path, digest, ref, size, localPath } of entries) {
    writeMessage(out, 4, () => {
      writeString(out, 1, path);
      writeString(out, 2, digest);
      writeString(out, 3, ref);
      writeInt(out, 4, size);
      writeString(out, 6, localPath);
    });
  }
}

function writeAlert(out: BinaryWriter, { title, text, level = 'INFO', waitDuration = 60_000 }: RunAlert): void {
  writeString(out, 1, title);
  writeString(out, 2, text);
  writeString(out, 3, level);
  writeInt(out, 4, waitDuration);
}

function writeMessage(out: BinaryWriter, field: number, write: () => void): void {
  out.tag(field, WireType.LengthDelimited).fork();
  write();
  out.join();
}

function writeString(out: BinaryWriter, field: number, text: string | undefined): void {
  if (text !== undefined && text !== '') out.tag(field, WireType.LengthDelimited).string(text);
}

function writeUint(out: BinaryWriter, field: number, value: number): void {
  if (value !== 0) out.tag(field, WireType.Varint).uint32(value);
}

function writeInt(out: BinaryWriter, field: number, value: number): void {
  if (value !== 0) out.tag(field, WireType.Varint).int64(Math.trunc(value));
}

/** A protobuf Timestamp: seconds and nanoseconds. */
function writeTime(out: BinaryWriter, field: number, at: number): void {
  const seconds = Math.floor(at / 1000);
  writeMessage(out, field, () => {
    writeInt(out, 1, seconds);
    writeUint(out, 2, Math.round((at - seconds * 1000) * 1e6));
  });
}
