import type { ImportedRun, Outcome } from '@mortise/core';

import { ENDED_AT, ERROR, KEY, OWN, STATUS, SYS } from '../experiment-tracker/run-paths.ts';
import type { FieldValue } from '../wire/snapshot.ts';
import type { RunSource } from './run-source.ts';

/** What is known of a run before its events. */
export interface RunHead extends Pick<ImportedRun, 'name' | 'experiment' | 'startedAt' | 'endedAt' | 'outcome' | 'group' | 'user'> {
  /** It was written by Mortise, into paths that are known. */
  isOwn: boolean;
  /** Group tags beside the one that is its group. */
  otherGroups: string[];
}

const OF_HEAD = new RegExp(`^(sys/|${OWN}|${ERROR}|${STATUS}$|monitoring/.*traceback$)`);

/** Reads a run once, and keeps of it what tells of the run itself. */
export async function readRunHead(source: RunSource, signal: AbortSignal): Promise<RunHead> {
  const fields = new Map<string, FieldValue>();
  const groups = new Set<string>();
  const tracebacks: string[] = [];
  let [first, last] = [Infinity, -Infinity];
  for await (const { at, assign, append, modify } of source.snapshots(signal, () => undefined)) {
    if (at > 0) [first, last] = [Math.min(first, at), Math.max(last, at)];
    for (const [path, value] of assign ?? []) if (OF_HEAD.test(path)) fields.set(path, value);
    for (const [path, value] of append ?? [])
      if (OF_HEAD.test(path) && value.kind === 'string' && tracebacks.length < 200) tracebacks.push(value.value);
    for (const [member, change] of modify?.get(SYS.groupTags) ?? []) {
      if (change === 'add') groups.add(member);
      else groups.delete(member);
    }
  }
  return headOf(source, new Fields(fields), { groups, traceback: tracebacks.join('\n'), first, last });
}

interface Read {
  groups: ReadonlySet<string>;
  traceback: string;
  /** ms; infinite where nothing has a time. */
  first: number;
  last: number;
}

function headOf(source: RunSource, fields: Fields, { groups, traceback, first, last }: Read): RunHead {
  const isOwn = fields.text(KEY) !== undefined;
  const startedAt = source.createdAt ?? fields.time('sys/creation_time') ?? (first === Infinity ? 0 : first);
  const endedAt = fields.time(ENDED_AT) ?? (last === -Infinity ? undefined : Math.max(last, startedAt));
  const outcome = isOwn ? ownOutcome(fields) : outcomeOf(fields, traceback);
  const tags = new Set([...fields.members(SYS.groupTags), ...groups]);
  // Of ours it is written apart: somebody may have given it others.
  const [group = [...tags][0]] = isOwn ? [fields.text(`${OWN}group`)] : [];
  const user = fields.text(`${OWN}user`) ?? fields.text('sys/owner');
  return {
    isOwn,
    otherGroups: [...tags].filter((tag) => tag !== group),
    name: fields.text(SYS.name) ?? source.runId,
    experiment: source.experiment ?? fields.text('sys/experiment/name') ?? source.project,
    startedAt,
    ...(endedAt !== undefined && outcome !== undefined && { endedAt }),
    ...(outcome !== undefined && { outcome }),
    ...(group !== undefined && { group }),
    ...(user !== undefined && { user }),
  };
}

function ownOutcome(fields: Fields): Outcome | undefined {
  const message = fields.text(`${ERROR}message`) ?? '';
  switch (fields.text(STATUS)) {
    case 'completed':
      return { status: 'completed' };
    case 'failed': {
      const stack = fields.text(`${ERROR}traceback`);
      return { status: 'failed', error: { name: fields.text(`${ERROR}type`) ?? 'Error', message, ...(stack !== undefined && { stack }) } };
    }
    case 'killed':
      return { status: 'killed', reason: message };
    case 'cached': {
      const url = fields.text(`${OWN}cached_from_url`);
      return { status: 'cached', source: { runId: fields.text(`${OWN}cached_from`) ?? '', ...(url !== undefined && { url }) } };
    }
    default:
      return undefined;
  }
}

/** Neptune's clients do not say that a run came to its end: it has, unless it is marked as failed or as still going on. */
function outcomeOf(fields: Fields, traceback: string): Outcome | undefined {
  const failed = fields.get(SYS.failed);
  if (failed?.kind === 'bool' && failed.value) {
    const last = traceback.trim().split('\n').at(-1) ?? '';
    const [, type, said] = /^([\w.]+): (.*)$/.exec(last) ?? [];
    const name = fields.text(`${ERROR}type`) ?? type ?? 'Error';
    const message = fields.text(`${ERROR}message`) ?? said ?? (last === '' ? 'marked as failed in Neptune' : last);
    return { status: 'failed', error: { name, message, ...(traceback !== '' && { stack: traceback }) } };
  }
  return /^(running|active)$/i.test(fields.text('sys/state') ?? '') ? undefined : { status: 'completed' };
}

class Fields {
  readonly #fields: ReadonlyMap<string, FieldValue>;

  constructor(fields: ReadonlyMap<string, FieldValue>) {
    this.#fields = fields;
  }

  get(path: string): FieldValue | undefined {
    return this.#fields.get(path);
  }

  /** Empty text says nothing. */
  text(path: string): string | undefined {
    const field = this.#fields.get(path);
    return field?.kind === 'string' && field.value !== '' ? field.value : undefined;
  }

  time(path: string): number | undefined {
    const field = this.#fields.get(path);
    return field?.kind === 'timestamp' ? field.value : undefined;
  }

  members(path: string): string[] {
    const field = this.#fields.get(path);
    return field?.kind === 'strings' ? field.value : [];
  }
}
