import { BinaryReader } from '@bufbuild/protobuf/wire';

import { plainName } from '../metric-name.ts';
import type { MetricDefinition, MetricSummary, RunAlert } from '../run-records.ts';
import { fromValueJson } from '../value-json.ts';
import { RECORD_FIELDS, SUMMARY_FIELDS } from './encode-record.ts';
import type { ArtifactRecord, Environment, LoggedRun, LogRecord, ManifestEntry, Telemetry } from './log-record.ts';
import { readMessage, readNested, readStrings, readTime } from './message-reader.ts';
import { readRow, readUpdate } from './read-items.ts';

/** A record from its protobuf bytes; those of a kind in `skip` are `other`, which takes no time. Throws an Error if the bytes are none. */
export function decodeRecord(bytes: Uint8Array, skip: readonly (keyof typeof RECORD_FIELDS)[] = []): LogRecord {
  let record: LogRecord = { kind: 'other' };
  readMessage(new BinaryReader(bytes), (field, reader) => {
    const read = READERS[field];
    if (read === undefined || skip.some((kind) => RECORD_FIELDS[kind] === field)) return false;
    record = read(reader);
    return true;
  });
  return record;
}

const READERS: Readonly<Record<number, (reader: BinaryReader) => LogRecord>> = {
  2: (reader) => ({ kind: 'history', row: readRow(reader) }),
  3: (reader) => ({ kind: 'summary', ...readUpdate(reader) }),
  4: readOutput,
  5: (reader) => ({ kind: 'config', ...readUpdate(reader) }),
  6: readFiles,
  7: readStats,
  8: (reader) => ({ kind: 'artifact', artifact: readArtifact(reader) }),
  10: (reader) => ({ kind: 'alert', alert: readAlert(reader) }),
  11: (reader) => ({ kind: 'telemetry', telemetry: readTelemetry(reader) }),
  12: readMetric,
  13: readOutput,
  17: (reader) => ({ kind: 'run', run: readRun(reader) }),
  18: readExit,
  21: readHeader,
  22: (reader) => {
    readNested(reader, () => false);
    return { kind: 'footer' };
  },
  26: (reader) => ({ kind: 'environment', environment: readEnvironment(reader) }),
};

function readOutput(reader: BinaryReader): LogRecord {
  const record = { kind: 'output' as const, stream: 'err' as 'out' | 'err', at: 0, text: '' };
  readNested(reader, (field, output) => {
    if (field === 1) record.stream = output.int32() === 1 ? 'out' : 'err';
    else if (field === 2) record.at = readTime(output);
    else if (field === 3) record.text = output.string();
    else return false;
    return true;
  });
  return record;
}

function readStats(reader: BinaryReader): LogRecord {
  const values: Record<string, unknown> = {};
  let at = 0;
  readNested(reader, (field, record) => {
    if (field === 2) at = readTime(record);
    else if (field === 3) {
      const item: { key?: string; json?: string } = {};
      readNested(record, readStrings(item, { 1: 'key', 16: 'json' }));
      if (item.key !== undefined && item.json !== undefined) values[`system.${item.key}`] = fromValueJson(item.json);
    } else return false;
    return true;
  });
  return { kind: 'stats', at, values };
}

function readFiles(reader: BinaryReader): LogRecord {
  const paths: string[] = [];
  readNested(reader, (field, record) => {
    if (field !== 1) return false;
    const file: { path?: string } = {};
    readNested(record, readStrings(file, { 1: 'path' }));
    if (file.path !== undefined) paths.push(file.path);
    return true;
  });
  return { kind: 'files', paths };
}

function readRun(reader: BinaryReader): LoggedRun {
  const run: LoggedRun = { id: '', config: [], startedAt: 0 };
  const tags: string[] = [];
  const readNames = readStrings(run, {
    1: 'id',
    2: 'entity',
    3: 'project',
    6: 'group',
    7: 'jobType',
    8: 'displayName',
    9: 'notes',
    13: 'host',
  });
  readNested(reader, (field, record, type) => {
    if (field === 4) run.config = readUpdate(record).update;
    else if (field === 10) tags.push(record.string());
    else if (field === 17) run.startedAt = readTime(record);
    else if (field === 18) {
      if (record.bool()) run.resumed = true;
    } else if (field === 19) run.telemetry = readTelemetry(record);
    else return readNames(field, record, type);
    return true;
  });
  return tags.length === 0 ? run : { ...run, tags };
}

function readMetric(reader: BinaryReader): LogRecord {
  const names: { name?: string; glob?: string; stepMetric?: string } = {};
  const definition: Omit<MetricDefinition, 'name'> = {};
  const summary: MetricSummary[] = [];
  const options = { stepSync: false, hidden: false };
  const readNames = readStrings(names, { 1: 'name', 2: 'glob', 4: 'stepMetric' });
  readNested(reader, (field, record, type) => {
    if (field === 6) {
      return readNested(record, (option, flags) => {
        if (option === 1) options.stepSync = flags.bool();
        else if (option === 2) options.hidden = flags.bool();
        else return false;
        return true;
      });
    }
    if (field === 7) {
      return readNested(record, (number, flags) => {
        const kind = SUMMARY_FIELDS.find(([, known]) => known === number)?.[0];
        if (kind === undefined) return false;
        if (flags.bool()) summary.push(kind);
        return true;
      });
    }
    if (field !== 8) return readNames(field, record, type);
    const goal = record.int32();
    if (goal === 1 || goal === 2) definition.goal = goal === 1 ? 'minimize' : 'maximize';
    return true;
  });
  return {
    kind: 'metric',
    definition: {
      name: plainName(names.name ?? names.glob ?? ''),
      ...(summary.length > 0 && { summary }),
      ...(names.stepMetric !== undefined && { stepMetric: plainName(names.stepMetric) }),
      ...definition,
      ...(options.hidden && { hidden: true }),
    },
    stepSync: options.stepSync,
  };
}

function readTelemetry(reader: BinaryReader): Telemetry {
  const telemetry: Telemetry = {};
  readNested(reader, (field, record) => {
    if (field === 13) telemetry.platform = record.string();
    else if (field !== 3) return false;
    else {
      readNested(record, (feature, flags) => {
        if (feature !== 4) return false;
        if (flags.bool()) telemetry.offline = true;
        return true;
      });
    }
    return true;
  });
  return telemetry;
}

function readEnvironment(reader: BinaryReader): Environment {
  const environment: Environment = {};
  const readNames = readStrings(environment, { 1: 'os', 6: 'program', 12: 'host' });
  readNested(reader, (field, record, type) => {
    if (field !== 3) return readNames(field, record, type);
    environment.startedAt = readTime(record);
    return true;
  });
  return environment;
}

function readArtifact(reader: BinaryReader): ArtifactRecord {
  const aliases: string[] = [];
  let manifest: Pick<ArtifactRecord, 'entries' | 'entriesPath'> = { entries: [] };
  const artifact = { runId: '', type: '', name: '', digest: '', clientId: '', sequenceClientId: '' };
  const readNames = readStrings(artifact as Partial<Record<StringField, string>>, ARTIFACT_STRINGS);
  readNested(reader, (field, record, type) => {
    if (field === 11) aliases.push(record.string());
    else if (field === 12) manifest = readManifest(record);
    else return readNames(field, record, type);
    return true;
  });
  return { ...artifact, aliases, ...manifest };
}

const ARTIFACT_STRINGS = {
  1: 'runId',
  2: 'project',
  3: 'entity',
  4: 'type',
  5: 'name',
  6: 'digest',
  7: 'description',
  8: 'metadata',
  15: 'clientId',
  16: 'sequenceClientId',
} as const;

type StringField = (typeof ARTIFACT_STRINGS)[keyof typeof ARTIFACT_STRINGS];

function readManifest(reader: BinaryReader): Pick<ArtifactRecord, 'entries' | 'entriesPath'> {
  const entries: ManifestEntry[] = [];
  const apart: { entriesPath?: string } = {};
  const readPath = readStrings(apart, { 5: 'entriesPath' });
  readNested(reader, (field, manifest, type) => {
    if (field !== 4) return readPath(field, manifest, type);
    const entry: ManifestEntry = { path: '', digest: '', size: 0 };
    const readNames = readStrings(entry, { 1: 'path', 2: 'digest', 3: 'ref', 6: 'localPath' });
    readNested(manifest, (number, record, type) => {
      if (number === 4) entry.size = Number(record.int64());
      else if (number === 16) readExtra(record, entry);
      else return readNames(number, record, type);
      return true;
    });
    entries.push(entry);
    return true;
  });
  return { entries, ...apart };
}

/** What has no field of its own. */
function readExtra(reader: BinaryReader, entry: ManifestEntry): void {
  const extra: { key?: string; json?: string } = {};
  readNested(reader, readStrings(extra, { 1: 'key', 2: 'json' }));
  if (extra.key === 'alg' && extra.json !== undefined) entry.algorithm = String(fromValueJson(extra.json));
}

function readAlert(reader: BinaryReader): RunAlert {
  const alert: { title: string; text: string; level?: string; waitDuration?: number } = { title: '', text: '' };
  const readNames = readStrings<'title' | 'text' | 'level'>(alert, { 1: 'title', 2: 'text', 3: 'level' });
  readNested(reader, (field, record, type) => {
    if (field !== 4) return readNames(field, record, type);
    alert.waitDuration = Number(record.int64());
    return true;
  });
  const { level, ...rest } = alert;
  return level === 'INFO' || level === 'WARN' || level === 'ERROR' ? { ...rest, level } : rest;
}

function readExit(reader: BinaryReader): LogRecord {
  const exit = { code: 0, runtimeSeconds: 0 };
  readNested(reader, (field, record) => {
    if (field === 1) exit.code = record.int32();
    else if (field === 2) exit.runtimeSeconds = record.int32();
    else return false;
    return true;
  });
  return { kind: 'exit', ...exit };
}

function readHeader(reader: BinaryReader): LogRecord {
  const versions: { producer?: string; minConsumer?: string } = {};
  readNested(reader, (field, record) => field === 1 && readNested(record, readStrings(versions, { 1: 'producer', 2: 'minConsumer' })));
  return { kind: 'header', producer: versions.producer ?? '', minConsumer: versions.minConsumer ?? '' };
}
