import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path/posix';

import type { ImportedEvent, Json } from '@mortise/core';

import {
  ARTIFACTS,
  DATASETS,
  DOCUMENTS,
  ERROR,
  LOGS,
  memberTag,
  METRICS,
  NOTE,
  OWN,
  PARAMS,
  STATUS,
  SYS,
} from '../experiment-tracker/run-paths.ts';
import { NEPTUNE_SAMPLES } from '../experiment-tracker/system-metrics.ts';
import type { FieldValue, FileRef, SetChange, Snapshot } from '../wire/snapshot.ts';
import { Previews } from './previews.ts';
import type { RunHead } from './run-head.ts';
import type { RunSource } from './run-source.ts';

/** Of a file that is read as JSON, bytes; larger ones stay files. */
const LARGEST_DOCUMENT = 16_000_000;
/** What tells of the run itself, and is in its head. */
const OWN_FACTS = new RegExp(`^(${OWN}|source_code/|${ERROR}|${STATUS}$|${NOTE}$)`);

/** Of what is appended. */
interface Place {
  step: number;
  at: number;
  isPreview: boolean | undefined;
}

/** Turns what a run logged at Neptune into events. Of runs that Mortise wrote it takes away what Mortise put around the names. */
export class EventWriter {
  readonly #source: RunSource;
  readonly #head: RunHead;
  readonly #warn: (message: string) => void;
  readonly #sets = new Map<string, Set<string>>();
  readonly #previews = new Previews();

  constructor(source: RunSource, head: RunHead, warn: (message: string) => void) {
    this.#source = source;
    this.#head = head;
    this.#warn = warn;
  }

  async *events(snapshot: Snapshot): AsyncGenerator<ImportedEvent, void, undefined> {
    const at = snapshot.at > 0 ? Math.floor(snapshot.at) : this.#head.startedAt;
    if (snapshot.assign !== undefined) yield* this.#assigned(snapshot.assign, at);
    if (snapshot.append !== undefined)
      yield* this.#appended(snapshot.append, { step: snapshot.step ?? 0, at, isPreview: snapshot.isPreview });
    for (const [path, changes] of snapshot.modify ?? []) {
      if (path === SYS.tags) yield { at, ...this.#tagsOf(changes) };
      else if (!path.startsWith('sys/')) yield { at, kind: 'params', values: { [path]: this.#membersOf(path, changes) } };
    }
  }

  async *#assigned(assign: ReadonlyMap<string, FieldValue>, at: number): AsyncGenerator<ImportedEvent, void, undefined> {
    const values: Record<string, Json> = {};
    const datasets = new Map<string, Record<string, string>>();
    for (const [path, field] of assign) {
      if (path === SYS.description && field.kind === 'string') {
        if (field.value !== '') yield { at, kind: 'note', markdown: field.value };
      } else if (path === SYS.tags && field.kind === 'strings') {
        yield { at, ...this.#tagsOf(new Map(field.value.map((member) => [member, 'add']))) };
      } else if (path.startsWith('sys/') || (this.#head.isOwn && OWN_FACTS.test(path))) {
        continue;
      } else if (field.kind === 'file') {
        yield* this.#file(path, field.value, at);
      } else if (this.#head.isOwn && path.startsWith(DATASETS) && field.kind === 'string') {
        const slash = path.lastIndexOf('/');
        const name = path.slice(DATASETS.length, slash);
        datasets.set(name, { ...datasets.get(name), [path.slice(slash + 1)]: field.value });
      } else {
        values[this.#without(PARAMS, path)] = jsonOf(field);
      }
    }
    if (Object.keys(values).length > 0) yield { at, kind: 'params', values };
    for (const [name, { digest, source, context }] of datasets)
      yield { at, kind: 'dataset', name, ...(digest && { digest }), ...(source && { source }), ...(context && { context }) };
  }

  /** Previews that were not replaced. */
  *rest(): Generator<ImportedEvent, void, undefined> {
    for (const path of this.#previews.paths) {
      this.#warn(`the last points of the series ${JSON.stringify(path)} are previews, which no final value has replaced`);
      for (const { value, ...point } of this.#previews.before(path, Infinity))
        yield { ...point, kind: 'metrics', values: this.#point(path, value) };
    }
  }

  async *#appended(
    append: ReadonlyMap<string, FieldValue>,
    { step, at, isPreview }: Place,
  ): AsyncGenerator<ImportedEvent, void, undefined> {
    const values: Record<string, number> = {};
    for (const [path, field] of append) {
      switch (field.kind) {
        case 'float':
        case 'int': {
          if (isPreview === true) {
            this.#previews.hold(path, { step, at, value: field.value });
            break;
          }
          for (const { value, ...point } of this.#previews.before(path, step))
            yield { ...point, kind: 'metrics', values: this.#point(path, value) };
          Object.assign(values, this.#point(path, field.value));
          break;
        }
        case 'string':
          yield { at, kind: 'log', ...this.#line(path, field.value) };
          break;
        case 'file':
          yield* this.#file(`${path}/step-${step}`, field.value, at, extensionOf(field.value));
          break;
        case 'histogram':
          yield { at, kind: 'json', name: `${path}/step-${step}`, mime: 'application/json', value: { ...field.value } };
          break;
        default:
          this.#warn(`the series ${JSON.stringify(path)} is not taken over: it is of a kind that is not known here`);
      }
    }
    if (Object.keys(values).length > 0) yield { at, kind: 'metrics', step, values };
  }

  #point(path: string, told: number): Record<string, number> {
    const { name, value } = NEPTUNE_SAMPLES.back(path, told) ?? { name: this.#without(METRICS, path), value: told };
    return { [name]: value };
  }

  #line(path: string, text: string): { stream: 'out' | 'err'; text: string } {
    if (path === LOGS.err || path.endsWith('/stderr')) return { stream: 'err', text };
    if (path === LOGS.out || path.endsWith('/stdout')) return { stream: 'out', text };
    this.#warn(`texts of the series ${JSON.stringify(path)} are taken over as lines of output`);
    return { stream: 'out', text: `${path}: ${text}` };
  }

  /** `end`: what its name ends with beside, unless Mortise wrote it. */
  async *#file(
    path: string,
    file: FileRef,
    at: number,
    end = extname(path) === '' ? extensionOf(file) : '',
  ): AsyncGenerator<ImportedEvent, void, undefined> {
    const found = await this.#source.fileAt(file, at);
    if ('why' in found) {
      this.#warn(`the file ${JSON.stringify(path)} is not taken over: ${found.why}`);
      return;
    }
    const { path: place, doubt } = found;
    if (doubt !== undefined) this.#warn(`the file ${JSON.stringify(path)} ${doubt}`);
    if (this.#head.isOwn && path.startsWith(DOCUMENTS) && file.size <= LARGEST_DOCUMENT) {
      const value = JSON.parse(await readFile(place, 'utf8')) as Json;
      yield { at, kind: 'json', name: path.slice(DOCUMENTS.length), mime: 'application/json', value };
      return;
    }
    const read = (signal: AbortSignal): AsyncIterable<Uint8Array> => createReadStream(place, { signal });
    const name = this.#without(ARTIFACTS, path);
    yield { at, kind: 'artifact', path: this.#head.isOwn ? name : `${name}${end}`, read };
  }

  #tagsOf(changes: ReadonlyMap<string, SetChange>): { kind: 'tags'; set: Record<string, string>; remove?: string[] } {
    const tagOf = (member: string): [string, string] => (this.#head.isOwn ? memberTag(member) : [member, 'true']);
    const members = (wanted: SetChange) => Array.from(changes).flatMap(([member, change]) => (change === wanted ? [tagOf(member)] : []));
    const set = Object.fromEntries(members('add'));
    const remove = members('remove').flatMap(([name]) => (Object.hasOwn(set, name) ? [] : [name]));
    return { kind: 'tags', set, ...(remove.length > 0 && { remove }) };
  }

  /** Of a set of texts that is no set of tags, after the changes. */
  #membersOf(path: string, changes: ReadonlyMap<string, SetChange>): string[] {
    const members = this.#sets.get(path) ?? new Set();
    for (const [member, change] of changes) {
      if (change === 'add') members.add(member);
      else members.delete(member);
    }
    this.#sets.set(path, members);
    return [...members];
  }

  #without(prefix: string, path: string): string {
    return this.#head.isOwn && path.startsWith(prefix) ? path.slice(prefix.length) : path;
  }
}

/** Neptune 1.x keeps it apart. */
function extensionOf({ path, mime }: FileRef): string {
  return extname(path) || (mime === '' || mime.includes('/') ? '' : `.${mime}`);
}

function jsonOf(field: FieldValue): Json {
  switch (field.kind) {
    case 'timestamp':
      return new Date(field.value).toISOString();
    case 'float':
      return Number.isFinite(field.value) ? field.value : String(field.value);
    case 'int':
      return field.exact ?? field.value;
    case 'histogram':
    case 'file':
      return { ...field.value };
    default:
      return field.value;
  }
}
