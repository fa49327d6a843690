import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { ImportFailed, type ImportedRun, type Outcome, type RunImporter, type RunImportOptions } from '@mortise/core';

import { archiveMeta, archiveNames, type ArchiveMeta } from './archive-run.ts';
import { ImportedEvents } from './imported-events.ts';

/**
 * Reads archives of Comet's offline mode: those of its Python client, and ours. `from`: one archive, or a folder of them.
 * @throws ImportFailed if there is none
 */
export default async function importer(from: string, { warn }: RunImportOptions): Promise<RunImporter> {
  const { archives, damaged } = await archivesAt(from, warn);
  return {
    vendor: 'comet',
    async *runs(signal) {
      for (const { name, reason } of damaged) yield unreadable(name, reason);
      for (const parts of Map.groupBy(archives, ({ key }) => key).values()) {
        signal.throwIfAborted();
        const [{ key }] = parts as [ArchiveMeta];
        yield await runOf(parts, warn).catch((error: Error) => unreadable(key, `its archives cannot be read: ${error.message}`));
      }
    },
  };
}

function unreadable(name: string, reason: string): ImportedRun {
  return { id: name, name, experiment: '', startedAt: 0, unreadable: reason, async *events() {} };
}

interface Archives {
  /** What they say of themselves, in the order of their time. */
  archives: ArchiveMeta[];
  damaged: { name: string; reason: string }[];
}

async function archivesAt(from: string, warn: RunImportOptions['warn']): Promise<Archives> {
  const found = await stat(from).catch(() => undefined);
  if (found === undefined) return refuse(from, 'there is no such file or folder');
  if (!found.isDirectory())
    return { archives: [await archiveMeta(from).catch((error: Error) => refuse(from, error.message))], damaged: [] };
  const names = (await readdir(from)).filter((name) => name.endsWith('.zip')).sort();
  if (names.length === 0) return refuse(from, 'it has no archive of an offline experiment');
  const archives: ArchiveMeta[] = [];
  const damaged: Archives['damaged'] = [];
  for (const name of names)
    await archiveMeta(join(from, name)).then(
      (meta) => archives.push(meta),
      (error: Error) => damaged.push({ name, reason: `the archive is damaged: ${error.message}` }),
    );
  const whole = withoutCopies(archives, warn);
  return { archives: whole.sort((one, other) => one.startedAt - other.startedAt || one.endedAt - other.endedAt), damaged };
}

/** Of an experiment with several archives each has a part: one that is there twice would count twice. */
function withoutCopies(archives: readonly ArchiveMeta[], warn: RunImportOptions['warn']): ArchiveMeta[] {
  const known = new Map<string, ArchiveMeta>();
  for (const archive of archives) {
    const id = `${archive.key} ${archive.checksum}`;
    const first = known.get(id);
    if (first === undefined) known.set(id, archive);
    else warn(`${archive.path} is a copy of ${first.path}, and is left out`);
  }
  return [...known.values()];
}

function refuse(from: string, reason: string): never {
  const advice =
    'Give a ZIP file that Comet wrote in offline mode, or the folder of them: COMET_OFFLINE_DIRECTORY, .cometml-runs without it.';
  throw new ImportFailed({ from, reason, advice });
}

/** What Comet's client reports of itself, in the place where it does so of a script that failed: that something was not logged. */
const OF_LOGGING =
  /^(Unexpected error detected while |Unexpected streaming error|Unknown offline streaming error|Error (creating|logging) confusion matrix)/;

async function runOf(parts: readonly ArchiveMeta[], warn: RunImportOptions['warn']): Promise<ImportedRun> {
  const [first, last] = [parts[0]!, parts.at(-1)!];
  const { name, group, user, status } = await archiveNames(parts.map(({ path }) => path));
  const of = { id: first.key, name: name ?? first.key };
  const told = status === undefined && last.error !== undefined && OF_LOGGING.test(last.error) ? last.error : undefined;
  const endedAt = parts.reduce((latest, part) => Math.max(latest, part.endedAt), first.endedAt);
  return {
    ...{ ...of, experiment: first.project, startedAt: first.startedAt, endedAt },
    outcome: outcomeOf(told === undefined ? errorOf(parts, status) : undefined, status),
    ...(group !== undefined && { group }),
    ...(user !== undefined && { user }),
    async *events(signal) {
      if (told !== undefined) warn(`Comet's client has reported: ${told}`, of);
      const labels = [...new Set(parts.flatMap(({ tags }) => tags))];
      if (labels.length > 0) yield { kind: 'tags', at: first.startedAt, set: Object.fromEntries(labels.map((label) => [label, 'true'])) };
      yield* new ImportedEvents(parts, (message) => warn(message, of)).all(signal);
    },
  };
}

/**
 * The error with which a run ended. Where it is ours the last archive need not tell it: that may be of a program which a step started. And one of a run that went
 * on after a failure takes its error back.
 */
function errorOf(parts: readonly ArchiveMeta[], status: string | undefined): string | undefined {
  if (status === undefined) return parts.at(-1)!.error;
  return status === 'failed' || status === 'killed' ? parts.findLast(({ error }) => error !== undefined)?.error : undefined;
}

/** Ours says how it ended; of others it is known whether an error was reported. */
function outcomeOf(error: string | undefined, status: string | undefined): Outcome {
  if (error === undefined) return { status: 'completed' };
  if (status === 'killed') return { status: 'killed', reason: error.replace(/^killed: /, '') };
  const [, name, message] = /^([A-Za-z_]\w*): (.*)$/s.exec(error) ?? [];
  return { status: 'failed', error: { name: name ?? 'Error', message: message ?? error } };
}
