import { createHash } from 'node:crypto';

import type { ReadArtifact, TrackerEvent } from '@mortise/core';
import type { FileSource, LoggedArtifact, LoggedTable } from '@mortise/wandb-client';

type ArtifactEvent = TrackerEvent & { kind: 'artifact' };
type JsonEvent = TrackerEvent & { kind: 'json' };

/** Types that W&B keeps versions of; all else is a file of the run. */
const VERSIONED: readonly string[] = ['model', 'dataset'];

/** Files at the root of a run that W&B's own client and pages keep there. Folders of some systems know no case. */
const OWN_FILES: readonly string[] = [
  ...['output.log', 'config.yaml', 'requirements.txt', 'conda-environment.yaml', 'diff.patch', 'wandb-metadata.json'],
  ...['wandb-summary.json', 'wandb-history.jsonl', 'wandb-events.jsonl'],
];

/** Where a file goes: one of a name that W&B uses itself into a folder, where it takes nothing's place. */
export function placeOf(path: string): string {
  return OWN_FILES.includes(path.toLowerCase()) ? `mortise/${path}` : path;
}

const TABLE_MIME = 'application/vnd.mortise.table+json';

export function isVersioned({ type }: ArtifactEvent): boolean {
  return type !== undefined && VERSIONED.includes(type);
}

export function fileOf(event: ArtifactEvent, read: ReadArtifact): FileSource {
  return { read: (signal) => read(event, signal) };
}

/** An artifact of one file, named after its path: each run that logs it makes a version of it. */
export function versionedArtifact(event: ArtifactEvent, read: ReadArtifact): LoggedArtifact {
  const { path, type, sha256 } = event;
  return {
    name: collectionName(path),
    type: type ?? 'artifact',
    metadata: { path, sha256 },
    files: [{ path: path.split('/').at(-1)!, ...fileOf(event, read) }],
  };
}

/** W&B takes letters, digits, `-`, `_` and `.`, at most 128. A path of which no such name tells what it was has a mark of its own, as two may be alike then. */
function collectionName(path: string): string {
  const name = path.replaceAll('/', '--');
  if (/^[A-Za-z0-9._-]{1,128}$/.test(name) && !/--|-\/|\/-/.test(path)) return name;
  const mark = createHash('sha256').update(path).digest('hex').slice(0, 16);
  return `${path.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 111)}-${mark}`;
}

/** The table that was logged, under its name; undefined if it is none. */
export function tableOf({ name, mime, value }: JsonEvent): { name: string; table: LoggedTable } | undefined {
  return mime === TABLE_MIME ? { name: name.replace(/\.json$/, ''), table: value as unknown as LoggedTable } : undefined;
}

/** A file of the run, and what the summary says so that W&B shows it as what it is. */
export interface DocumentFile {
  path: string;
  source: FileSource;
  shown?: Record<string, unknown>;
}

/** `NAME.json`; a figure where W&B keeps its own. */
export function documentFile({ name, mime, value }: JsonEvent): DocumentFile {
  const stem = name.replace(/\.json$/, '');
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const source = sourceOf(bytes);
  const media = { sha256, size: bytes.length };
  if (mime.includes('plotly')) {
    const path = `media/plotly/${stem}_${sha256.slice(0, 20)}.plotly.json`;
    return { path, source, shown: { [stem]: { _type: 'plotly-file', ...media, path } } };
  }
  return { path: `${stem}.json`, source };
}

function sourceOf(bytes: Uint8Array): FileSource {
  return {
    async *read() {
      yield await Promise.resolve(bytes);
    },
  };
}
