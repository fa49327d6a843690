// Messages of Neptune 3, as described by neptune-api's descriptors. Copyright (c) Neptune Labs Sp. z o.o., Apache-2.0: see NOTICE.
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

import type { CreateRun, FieldValue, FileRef, Histogram, SetChange, Snapshot } from './snapshot.ts';
import { wireStep } from './step.ts';

/** Bytes of a `Run`. */
export function writeCreateRun({ family, experiment, createdAt }: CreateRun): Uint8Array {
  const writer = new BinaryWriter();
  if (createdAt !== undefined) message(writer, 3, () => timestamp(writer, createdAt));
  text(writer, 4, family);
  if (experiment !== undefined) text(writer, 5, experiment);
  // inherit_configs: of a fork, which this is none; the vendor's client always sends it.
  writer.tag(9, WireType.Varint).bool(true);
  return writer.finish();
}

/** Bytes of an `UpdateRunSnapshot`. */
export function writeSnapshot({ step, at, assign, append, modify }: Snapshot): Uint8Array {
  const writer = new BinaryWriter();
  if (step !== undefined) {
    const { whole, micro } = wireStep(step);
    message(writer, 1, () => {
      if (whole !== 0) writer.tag(1, WireType.Varint).uint64(whole);
      if (micro !== 0) writer.tag(2, WireType.Varint).uint64(micro);
    });
  }
  message(writer, 2, () => timestamp(writer, at));
  if (assign !== undefined) for (const [path, value] of assign) entry(writer, 4, path, () => fieldValue(writer, value));
  if (modify !== undefined)
    for (const [path, changes] of modify) entry(writer, 5, path, () => message(writer, 1, () => setChanges(writer, changes)));
  if (append !== undefined) for (const [path, value] of append) entry(writer, 8, path, () => fieldValue(writer, value));
  return writer.finish();
}

/** Which run of which project (`workspace/project`) an operation is for. */
export interface OperationTarget {
  project: string;
  runId: string;
}

/** Bytes of a `RunOperation` that makes a run, of those of its `Run`. */
export function writeCreateOperation(target: OperationTarget, create: Uint8Array): Uint8Array {
  return operationFor(target).tag(6, WireType.LengthDelimited).bytes(create).finish();
}

/** Bytes of a `RunOperation` with a batch of snapshots, each already written. */
export function writeUpdateOperation(target: OperationTarget, snapshots: readonly Uint8Array[]): Uint8Array {
  const writer = operationFor(target);
  message(writer, 8, () => {
    for (const snapshot of snapshots) writer.tag(1, WireType.LengthDelimited).bytes(snapshot);
  });
  return writer.finish();
}

/** Bytes of a `RequestIdList`. */
export function writeRequestIds(ids: readonly string[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const id of ids) message(writer, 1, () => text(writer, 1, id));
  return writer.finish();
}

function operationFor({ project, runId }: OperationTarget): BinaryWriter {
  const writer = new BinaryWriter();
  text(writer, 1, project);
  text(writer, 2, runId);
  return writer;
}

function message(writer: BinaryWriter, field: number, write: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write();
  writer.join();
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

/** Of a map from text to message. */
function entry(writer: BinaryWriter, field: number, key: string, value: () => void): void {
  message(writer, field, () => {
    text(writer, 1, key);
    message(writer, 2, value);
  });
}

function timestamp(writer: BinaryWriter, ms: number): void {
  const seconds = Math.floor(ms / 1_000);
  const nanos = Math.round((ms - seconds * 1_000) * 1e6);
  if (seconds !== 0) writer.tag(1, WireType.Varint).int64(seconds);
  if (nanos !== 0) writer.tag(2, WireType.Varint).int32(nanos);
}

function setChanges(writer: BinaryWriter, changes: ReadonlyMap<string, SetChange>): void {
  for (const [member, change] of changes) {
    message(writer, 1, () => {
      text(writer, 1, member);
      writer.tag(2, WireType.Varint).int32(change === 'add' ? 1 : 2);
    });
  }
}

function fieldValue(writer: BinaryWriter, field: FieldValue): void {
  switch (field.kind) {
    case 'float':
      writer.tag(1, WireType.Bit64).double(field.value);
      return;
    case 'int':
      writer.tag(3, WireType.Varint).int64(field.exact ?? field.value);
      return;
    case 'bool':
      writer.tag(5, WireType.Varint).bool(field.value);
      return;
    case 'string':
      return text(writer, 6, field.value);
    case 'timestamp':
      return message(writer, 8, () => timestamp(writer, field.value));
    case 'strings':
      return message(writer, 12, () => field.value.forEach((member) => text(writer, 1, member)));
    case 'file':
      return message(writer, 13, () => fileRef(writer, field.value));
    case 'histogram':
      return message(writer, 14, () => histogram(writer, field.value));
  }
}

function fileRef(writer: BinaryWriter, { path, size, mime }: FileRef): void {
  text(writer, 1, path);
  if (size !== 0) writer.tag(2, WireType.Varint).int64(size);
  text(writer, 3, mime);
}

function histogram(writer: BinaryWriter, { edges, values }: Histogram): void {
  message(writer, 1, () => edges.forEach((edge) => writer.double(edge)));
  message(writer, 5, () => message(writer, 1, () => values.forEach((value) => writer.double(value))));
}
