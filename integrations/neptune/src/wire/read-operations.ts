// Messages of Neptune 3, as described by neptune-api's descriptors. Copyright (c) Neptune Labs Sp. z o.o., Apache-2.0: see NOTICE.
import { WireType } from '@bufbuild/protobuf/wire';

import { intField } from './int-field.ts';
import { integer, numbers, readFields } from './read-fields.ts';
import type { CreateRun, FieldValue, FileRef, Histogram, RunOperation, SetChange, Snapshot } from './snapshot.ts';
import { stepNumber } from './step.ts';

/** Throws `Error` (or `RangeError`) for bytes that are no `RunOperation`. */
export function readRunOperation(bytes: Uint8Array): RunOperation {
  const operation: RunOperation = { project: '', runId: '', snapshots: [] };
  readFields(bytes, {
    1: (reader) => void (operation.project = reader.string()),
    2: (reader) => void (operation.runId = reader.string()),
    6: (reader) => void (operation.create = readCreateRun(reader.bytes())),
    7: (reader) => void operation.snapshots.push(readSnapshot(reader.bytes())),
    8: (reader) => readFields(reader.bytes(), { 1: (batch) => void operation.snapshots.push(readSnapshot(batch.bytes())) }),
  });
  return operation;
}

export function readCreateRun(bytes: Uint8Array): CreateRun {
  const run: CreateRun = { family: '' };
  readFields(bytes, {
    2: (reader) => void (run.fork = readForkPoint(reader.bytes())),
    3: (reader) => void (run.createdAt = readTimestamp(reader.bytes())),
    4: (reader) => void (run.family = reader.string()),
    5: (reader) => void (run.experiment = reader.string()),
  });
  return run;
}

function readForkPoint(bytes: Uint8Array): NonNullable<CreateRun['fork']> {
  const fork = { project: '', runId: '', step: 0 };
  readFields(bytes, {
    1: (reader) => void (fork.project = reader.string()),
    2: (reader) => void (fork.runId = reader.string()),
    4: (reader) => void (fork.step = readStep(reader.bytes())),
  });
  return fork;
}

export function readSnapshot(bytes: Uint8Array): Snapshot {
  const snapshot: Snapshot = { at: 0 };
  const assign = new Map<string, FieldValue>();
  const append = new Map<string, FieldValue>();
  const modify = new Map<string, Map<string, SetChange>>();
  readFields(bytes, {
    1: (reader) => void (snapshot.step = readStep(reader.bytes())),
    2: (reader) => void (snapshot.at = readTimestamp(reader.bytes())),
    4: (reader) => readValueEntry(reader.bytes(), assign),
    5: (reader) => readEntry(reader.bytes(), (path, set) => void modify.set(path, readSetChanges(set))),
    8: (reader) => readValueEntry(reader.bytes(), append),
    10: (reader) => readFields(reader.bytes(), { 1: (preview) => void (preview.bool() && (snapshot.isPreview = true)) }),
  });
  return {
    ...snapshot,
    ...(assign.size > 0 && { assign }),
    ...(append.size > 0 && { append }),
    ...(modify.size > 0 && { modify }),
  };
}

function readStep(bytes: Uint8Array): number {
  const step = { whole: 0, micro: 0 };
  readFields(bytes, { 1: (reader) => void (step.whole = integer(reader)), 2: (reader) => void (step.micro = integer(reader)) });
  return stepNumber(step);
}

function readTimestamp(bytes: Uint8Array): number {
  let [seconds, nanos] = [0, 0];
  readFields(bytes, { 1: (reader) => void (seconds = integer(reader)), 2: (reader) => void (nanos = reader.int32()) });
  return seconds * 1_000 + nanos / 1e6;
}

function readEntry(bytes: Uint8Array, take: (key: string, value: Uint8Array) => void): void {
  let key = '';
  let value: Uint8Array = new Uint8Array();
  readFields(bytes, { 1: (reader) => void (key = reader.string()), 2: (reader) => void (value = reader.bytes()) });
  take(key, value);
}

function readValueEntry(bytes: Uint8Array, into: Map<string, FieldValue>): void {
  readEntry(bytes, (path, value) => {
    const field = readValue(value);
    if (field !== undefined) into.set(path, field);
  });
}

/** `ModifySet` of `ModifyStringSet`. */
function readSetChanges(bytes: Uint8Array): Map<string, SetChange> {
  const changes = new Map<string, SetChange>();
  const member = (entry: Uint8Array): void => {
    let [name, operation] = ['', 0];
    readFields(entry, { 1: (reader) => void (name = reader.string()), 2: (reader) => void (operation = reader.int32()) });
    if (operation === 1 || operation === 2) changes.set(name, operation === 1 ? 'add' : 'remove');
  };
  readFields(bytes, { 1: (reader) => readFields(reader.bytes(), { 1: (set) => member(set.bytes()) }) });
  return changes;
}

/** Undefined for a kind of value that is not known here. */
function readValue(bytes: Uint8Array): FieldValue | undefined {
  let value: FieldValue | undefined;
  readFields(bytes, {
    1: (reader) => void (value = { kind: 'float', value: reader.double() }),
    3: (reader) => void (value = intField(reader.int64())),
    5: (reader) => void (value = { kind: 'bool', value: reader.bool() }),
    6: (reader) => void (value = { kind: 'string', value: reader.string() }),
    8: (reader) => void (value = { kind: 'timestamp', value: readTimestamp(reader.bytes()) }),
    12: (reader) => void (value = { kind: 'strings', value: readStrings(reader.bytes()) }),
    13: (reader) => void (value = { kind: 'file', value: readFileRef(reader.bytes()) }),
    14: (reader) => void (value = { kind: 'histogram', value: readHistogram(reader.bytes()) }),
  });
  return value;
}

function readStrings(bytes: Uint8Array): string[] {
  const strings: string[] = [];
  readFields(bytes, { 1: (reader) => void strings.push(reader.string()) });
  return strings;
}

function readFileRef(bytes: Uint8Array): FileRef {
  const file = { path: '', size: 0, mime: '' };
  readFields(bytes, {
    1: (reader) => void (file.path = reader.string()),
    2: (reader) => void (file.size = integer(reader)),
    3: (reader) => void (file.mime = reader.string()),
  });
  return file;
}

function readHistogram(bytes: Uint8Array): Histogram {
  const histogram: Histogram = { edges: [], values: [] };
  readFields(bytes, {
    1: (reader, type) => void histogram.edges.push(...numbers(reader, type, WireType.Bit64, (from) => from.double())),
    4: (reader) =>
      readFields(reader.bytes(), { 1: (counts, type) => void histogram.values.push(...numbers(counts, type, WireType.Varint, integer)) }),
    5: (reader) =>
      readFields(reader.bytes(), {
        1: (densities, type) => void histogram.values.push(...numbers(densities, type, WireType.Bit64, (from) => from.double())),
      }),
  });
  return histogram;
}
