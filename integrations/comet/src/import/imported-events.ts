import type { ImportedEvent, Json } from '@mortise/core';

import { noteOf } from '../run/note-page.ts';
import { OWN_PREFIX } from '../run/names.ts';
import { ownMetric } from '../run/system-metrics.ts';
import { textOf } from '../text-of.ts';
import { archiveFiles, archiveMessages, type ArchiveMessage, type ArchiveMeta } from './archive-run.ts';
import { AssetPaths } from './asset-paths.ts';
import { ConsoleLines } from './console-lines.ts';
import { ZipReader } from './zip-reader.ts';

type Payload = ArchiveMessage['payload'];
type Fields = Record<string, unknown>;

/** What Comet's own client says of itself and of every step, and nobody logged. */
const OWN_OTHERS = ['Name', 'hasNestedParams', 'offline_experiment'];
const OWN_PARAMS = ['curr_step', 'curr_epoch'];
const OWN_METRIC = 'process duration';
const EPOCHS_LEFT = 'epochs of points that have a step, or that share their epoch, are not taken over';
/** What is said once of an experiment, and kept as a document. */
const DOCUMENTS = ['git_metadata', 'installed_packages', 'os_packages', 'system_details', 'cloud_details', 'gpu_static_info', 'file_name'];

/** Turns the messages of an experiment's archives into what was logged. */
export class ImportedEvents {
  readonly #archives: readonly ArchiveMeta[];
  readonly #warn: (message: string) => void;
  readonly #console = new ConsoleLines();
  readonly #paths = new AssetPaths();
  /** Steps of metrics that were logged without. */
  readonly #steps = new Map<string, number>();
  /** How many points of each metric have values that are no numbers. */
  readonly #noNumbers = new Map<string, number>();
  /** Of the archive that is being read. */
  #files: ReadonlySet<string> = new Set();
  #at: number;
  #pages = 0;

  constructor(archives: readonly ArchiveMeta[], warn: (message: string) => void) {
    this.#archives = archives;
    this.#warn = warn;
    this.#at = archives[0]!.startedAt;
  }

  async *all(signal: AbortSignal): AsyncGenerator<ImportedEvent, void, undefined> {
    for (const { path } of this.#archives) {
      const odd = (line: number): void => this.#warn(`${path}: line ${line} of messages.json is no message`);
      this.#files = await archiveFiles(path);
      for await (const message of archiveMessages(path, odd)) {
        signal.throwIfAborted();
        const { local_timestamp: at } = message.payload;
        if (typeof at === 'number') this.#at = at;
        yield* this.#eventsOf(message, path);
      }
      // Another archive is of another program.
      yield* this.#console.rest(this.#at);
    }
    for (const [name, count] of this.#noNumbers) {
      const points = count === 1 ? '1 point' : `${count.toLocaleString('en')} points`;
      const why = count === 1 ? 'is not taken over: its value is no number' : 'are not taken over: their values are no numbers';
      this.#warn(`${points} of the metric "${name}" ${why}`);
    }
  }

  *#eventsOf({ type, payload }: ArchiveMessage, path: string): Generator<ImportedEvent, void, undefined> {
    // Archives of old clients have points and parameters in messages of one type.
    const [metric, param] = [payload['metric'], payload['param'] ?? payload['params']].map(fieldsOf);
    if (metric !== undefined) return yield* this.#metric(metric, payload);
    if (param !== undefined) return yield* this.#param(param);
    switch (type) {
      case 'log_other':
        return yield* this.#other(payload);
      case 'standard_output':
        return yield* this.#console.add(textOf(payload['output']), payload['stderr'] === true, this.#at);
      case 'html':
      case 'htmlOverride':
        return yield* this.#page(textOf(payload['html'] ?? payload['htmlOverride']));
      case 'graph':
        return yield this.#text('graph.txt', textOf(payload['graph']));
      case 'file_upload':
        return yield* this.#file(payload, path);
    }
    if (!DOCUMENTS.includes(type)) return this.#warn(`messages of the type ${type} have no place here`);
    const { message_id: _id, local_timestamp: _at, ...value } = payload;
    yield { kind: 'json', at: this.#at, name: type, mime: 'application/json', value: value as Json };
  }

  *#metric({ metricName, metricValue, step, epoch }: Fields, { context }: Payload): Generator<ImportedEvent, void, undefined> {
    if (metricName === OWN_METRIC) return;
    const name = textOf(metricName);
    const given = numberOf(metricValue);
    if (given === undefined) return void this.#noNumbers.set(name, (this.#noNumbers.get(name) ?? 0) + 1);
    const id = `${textOf(context)} ${name}`;
    const next = (this.#steps.get(id) ?? -1) + 1;
    const at = typeof step === 'number' ? step : typeof epoch === 'number' ? Math.max(epoch, next) : next;
    if (typeof epoch === 'number' && epoch !== at) this.#warn(EPOCHS_LEFT);
    this.#steps.set(id, at);
    const metric = ownMetric(name, given);
    const event = { kind: 'metrics' as const, at: this.#at, values: { [metric.name]: metric.value }, step: at };
    yield typeof context === 'string' && context !== '' ? { ...event, context } : event;
  }

  *#param({ paramName, paramValue }: Fields): Generator<ImportedEvent, void, undefined> {
    const name = textOf(paramName);
    if (!OWN_PARAMS.includes(name)) yield { kind: 'params', at: this.#at, values: { [name]: paramValue as Json } };
  }

  *#other({ key, value }: Payload): Generator<ImportedEvent, void, undefined> {
    const name = textOf(key);
    if (OWN_OTHERS.includes(name) || name.startsWith(OWN_PREFIX)) return;
    yield { kind: 'tags', at: this.#at, set: { [name]: typeof value === 'string' ? value : JSON.stringify(value ?? null) } };
  }

  *#page(html: string): Generator<ImportedEvent, void, undefined> {
    const note = noteOf(html);
    if (note !== undefined) yield { kind: 'note', at: this.#at, markdown: note };
    else yield this.#text(this.#pages++ === 0 ? 'page.html' : `page-${this.#pages}.html`, html);
  }

  #text(path: string, text: string): ImportedEvent {
    return {
      kind: 'artifact',
      at: this.#at,
      path: this.#paths.take(path),
      read: async function* () {
        yield new TextEncoder().encode(text);
      },
    };
  }

  *#file(payload: Payload, archive: string): Generator<ImportedEvent, void, undefined> {
    const name = textOf(payload['file_path']);
    const path = this.#paths.of(name, fieldsOf(payload['additional_params']) ?? {});
    if (!this.#files.has(name)) return this.#warn(`the file ${JSON.stringify(path)} is not taken over: it is not in ${archive}`);
    const type = textOf(payload['upload_type'] ?? 'asset');
    yield {
      ...{ kind: 'artifact', at: this.#at, path },
      // Of a model Comet has each file by itself.
      ...(type !== 'asset' && { type: type === 'model-element' ? 'model' : type }),
      read: async function* (signal) {
        signal.throwIfAborted();
        await using zip = await ZipReader.open(archive);
        yield* zip.stream(name);
      },
    };
  }
}

/**
 * A metric's value. NaN is written as text, and what is not made one in time becomes null in the JSON of Comet's client, which ignores values that are none;
 * it writes texts that are no numbers, too, an empty one among them.
 */
function numberOf(value: unknown): number | undefined {
  if (value === null || value === 'NaN') return NaN;
  const number = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '') ? Number(value) : NaN;
  return Number.isNaN(number) ? undefined : number;
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
}
