import type { TrackerEvent } from '@mortise/core';

import { keptStep, stepNumber, wireStep } from '../wire/step.ts';
import type { FieldValue, FileRef, Snapshot } from '../wire/snapshot.ts';
import { writeSnapshot } from '../wire/write-operations.ts';
import { LONGEST_TEXT, pathRefusal, portions, textRefusal } from './field-limits.ts';
import { paramFields, text } from './field-values.ts';
import { filePath } from './run-files.ts';
import type { RunMemory, RunWrites, SetChanges } from './run-memory.ts';
import { DATASETS, LOGS, METRICS, NOTE, PARAMS, SYS, tagMember } from './run-paths.ts';
import { NEPTUNE_SAMPLES } from './system-metrics.ts';

/** Where the file of an event is kept, or why it cannot be. */
export type KeptFiles = ReadonlyMap<TrackerEvent, FileRef | { why: string }>;

/** Events as Neptune takes them. Those that are settled already give nothing: `again` says which, where only what was refused before comes. */
export function gatherEvents(events: readonly TrackerEvent[], memory: RunMemory, files: KeptFiles, again?: RunMemory['acked']): RunWrites {
  const gathering = new Gathering(memory, files);
  const settled = again ?? memory.acked;
  for (const event of events) {
    if (event.seq <= (settled.get(event.writer) ?? 0)) continue;
    if (again === undefined) gathering.add(event);
    else gathering.addWhole(event);
  }
  return gathering.writes();
}

class Gathering {
  readonly #memory: RunMemory;
  readonly #files: KeptFiles;
  readonly #writes: RunWrites = { snapshots: [], refused: [] };
  readonly #acked = new Map<string, number>();
  #steps = new Map<string, number>();
  #tags = new Map<string, string | null>();
  /** Paths that were looked at: a batch has few of them, many times. */
  readonly #paths = new Map<string, string | undefined>();

  constructor(memory: RunMemory, files: KeptFiles) {
    this.#memory = memory;
    this.#files = files;
  }

  writes(): RunWrites {
    return { ...this.#writes, acked: this.#acked, steps: this.#steps, tags: this.#tags };
  }

  /** Nothing of an event that is refused in part again: the rest was taken when it came first, and what came since counts. */
  addWhole(event: TrackerEvent): void {
    const { snapshots, refused } = this.#writes;
    const before = { snapshots: snapshots.length, refused: refused.length, steps: new Map(this.#steps), tags: new Map(this.#tags) };
    this.add(event);
    if (refused.length === before.refused) return;
    snapshots.length = before.snapshots;
    this.#steps = before.steps;
    this.#tags = before.tags;
  }

  add(event: TrackerEvent): void {
    const whys = this.#whysNot(event);
    const { writer, seq } = event;
    if (whys.length > 0) this.#writes.refused.push({ writer, seq, why: whys.join('; ') });
    this.#acked.set(writer, Math.max(seq, this.#acked.get(writer) ?? this.#memory.acked.get(writer) ?? 0));
  }

  /** Takes the event, and gives why parts of it cannot be taken. */
  #whysNot(event: TrackerEvent): string[] {
    switch (event.kind) {
      case 'metrics':
        return this.#addMetrics(event);
      case 'params':
        return this.#assign(
          event,
          Object.entries(event.values).flatMap(([name, value]) => [...paramFields(`${PARAMS}${name}`, value)]),
        );
      case 'tags':
        return this.#changeTags(event);
      case 'note':
        return this.#addNote(event);
      case 'dataset': {
        const { kind: _, writer: _w, seq: _s, at: _a, ...facts } = event;
        return this.#assign(
          event,
          Object.entries(facts).map(([fact, value]) => [`${DATASETS}${event.name}/${fact}`, text(value)]),
        );
      }
      case 'artifact':
      case 'json':
        return this.#addFile(event);
      case 'log':
        return this.#addLog(event);
      case 'define-metric':
        // Neptune has no place for how metrics are summed up.
        return [];
    }
  }

  #push(event: TrackerEvent, snapshot: Omit<Snapshot, 'at'>): void {
    const { writer, seq, at } = event;
    this.#writes.snapshots.push({ bytes: writeSnapshot({ ...snapshot, at }), event: { writer, seq } });
  }

  #addMetrics(event: TrackerEvent & { kind: 'metrics' }): string[] {
    const kept = keptStep(event.step);
    if ('why' in kept) return [`step ${event.step} ${kept.why}`];
    const { step } = kept;
    const whys: string[] = [];
    const points = new Map<string, FieldValue>();
    for (const [name, given] of Object.entries(event.values)) {
      const { name: path, value } = NEPTUNE_SAMPLES.there(name, given) ?? { name: `${METRICS}${name}`, value: given };
      const why = this.#pathRefusal(path) ?? this.#stepRefusal(path, step);
      if (why === undefined) points.set(path, { kind: 'float', value });
      else whys.push(`the metric ${shown(name)} ${why}`);
    }
    for (const append of points.size === 0 ? [] : portions(points)) this.#push(event, { step, append });
    for (const path of points.keys()) this.#steps.set(path, step);
    return whys;
  }

  #stepRefusal(path: string, step: number): string | undefined {
    const last = this.#lastStep(path);
    return last === undefined || step > last ? undefined : `has step ${step} after step ${last}: the steps of a series rise at Neptune`;
  }

  #lastStep(path: string): number | undefined {
    return this.#steps.get(path) ?? this.#memory.lastStep(path);
  }

  #pathRefusal(path: string): string | undefined {
    if (!this.#paths.has(path)) this.#paths.set(path, pathRefusal(path));
    return this.#paths.get(path);
  }

  #assign(event: TrackerEvent, given: Iterable<readonly [path: string, value: FieldValue]>): string[] {
    const whys: string[] = [];
    const fields = new Map<string, FieldValue>();
    for (const [path, value] of given) {
      const why =
        this.#pathRefusal(path) ??
        (value.kind === 'string' ? textRefusal(value.value) : undefined) ??
        (fields.has(path) ? 'is there already, as a part of another one: objects have "/" between their names at Neptune' : undefined);
      if (why === undefined) fields.set(path, value);
      else whys.push(`${shown(path)} ${why}`);
    }
    for (const assign of fields.size === 0 ? [] : portions(fields)) this.#push(event, { assign });
    return whys;
  }

  #changeTags(event: TrackerEvent & { kind: 'tags' }): string[] {
    const whys: string[] = [];
    const changes: SetChanges = new Map();
    const without = (name: string): void => {
      const member = this.#tags.has(name) ? this.#tags.get(name) : this.#memory.tags.get(name);
      if (member !== undefined && member !== null) changes.set(member, 'remove');
      this.#tags.set(name, null);
    };
    for (const [name, value] of Object.entries(event.set)) {
      const member = tagMember(name, value);
      const why = textRefusal(member);
      if (why !== undefined) {
        whys.push(`the tag ${shown(name)} ${why}`);
        continue;
      }
      without(name);
      changes.set(member, 'add');
      this.#tags.set(name, member);
    }
    for (const name of event.remove ?? []) without(name);
    if (changes.size > 0) this.#push(event, { modify: new Map([[SYS.tags, changes]]) });
    return whys;
  }

  #addNote(event: TrackerEvent & { kind: 'note' }): string[] {
    const note = event.markdown.toWellFormed();
    const whys = this.#assign(event, [[NOTE, text(note)]]);
    // For people to see. Apart, and ours: a server that lets nobody write it has the note all the same.
    if (whys.length === 0)
      this.#writes.snapshots.push({ bytes: writeSnapshot({ at: event.at, assign: new Map([[SYS.description, text(note)]]) }) });
    return whys;
  }

  #addFile(event: TrackerEvent & { kind: 'artifact' | 'json' }): string[] {
    const file = this.#files.get(event) ?? { why: 'it was not kept' };
    if ('why' in file) return [`${shown(event.kind === 'artifact' ? event.path : event.name)}: ${file.why}`];
    return this.#assign(event, [[filePath(event), { kind: 'file', value: file }]]);
  }

  #addLog(event: TrackerEvent & { kind: 'log' }): [] {
    const path = LOGS[event.stream];
    // As the Python client, which leaves empty lines out.
    for (const line of event.text === '' ? [] : fitting(event.text.toWellFormed())) {
      const last = this.#lastStep(path);
      // As the Python client counts lines: in millionths, from one on.
      const step = stepNumber(wireStep((last ?? 0) + 1e-6));
      this.#push(event, { step, append: new Map([[path, text(line)]]) });
      this.#steps.set(path, step);
    }
    return [];
  }
}

/** A text in pieces that Neptune takes as points of a series. */
function fitting(whole: string): string[] {
  if (Buffer.byteLength(whole) <= LONGEST_TEXT) return [whole];
  const pieces: string[] = [];
  // No unit of UTF-16 needs more than three bytes.
  const most = Math.floor(LONGEST_TEXT / 3);
  for (let from = 0; from < whole.length;) {
    const to = from + most;
    const end = whole.slice(from, to).isWellFormed() ? to : to - 1;
    pieces.push(whole.slice(from, end));
    from = end;
  }
  return pieces;
}

function shown(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}...` : name);
}
