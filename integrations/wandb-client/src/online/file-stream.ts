import { Pace } from '@mortise/http-client';

import type { Connection } from '../http/connection.ts';
import type { OutputLine } from '../run-records.ts';
import type { RunPlace } from '../wandb-urls.ts';

/** Most bytes of lines, of all files together, in one request: the server takes about ten million, and lines grow when they become JSON texts. */
const LONGEST = 5_000_000;

/** How often a run speaks. The server counts, and answers 429 to who speaks more. */
const REQUESTS_PER_MINUTE = 60;

/** What waits to be sent, and where in each file it goes. A line that was not confirmed goes again to the same place, so that it is there once. */
export class FileStream {
  readonly #connection: Connection;
  readonly #place: RunPlace;
  readonly #appended = { history: new AppendedLines(), events: new AppendedLines(), output: new AppendedLines() };
  readonly #pace = new Pace(REQUESTS_PER_MINUTE);
  #uploaded: string[] = [];
  #summary: string | undefined;

  constructor(connection: Connection, place: RunPlace, lines: { history: number; events: number; output: number }) {
    this.#connection = connection;
    this.#place = place;
    for (const name of ['history', 'events', 'output'] as const) this.#appended[name].offset = lines[name];
  }

  append(to: 'history' | 'events', line: string): void {
    this.#appended[to].waiting.push(line);
  }

  output({ stream, text, at }: OutputLine): void {
    const time = `${new Date(at).toISOString().slice(0, -1)}000`;
    this.#appended.output.waiting.push(`${stream === 'err' ? 'ERROR ' : ''}${time} ${text}`);
  }

  /** Takes the place of the one before. */
  summary(line: string): void {
    this.#summary = line;
  }

  /** Tells the server that a file of the run is there. */
  uploaded(path: string): void {
    this.#uploaded.push(path);
  }

  /** Another process has written to the run: what comes goes behind its lines. */
  moveBehind(lines: { history: number; events: number; output: number }): void {
    for (const name of ['history', 'events', 'output'] as const)
      this.#appended[name].offset = Math.max(this.#appended[name].offset, lines[name]);
  }

  /** Lines that are at the server. */
  get historyLines(): number {
    return this.#appended.history.offset;
  }

  /** Sends all that waits. The summary goes with the last of it, so that it never tells of rows that are not there. */
  async send(signal?: AbortSignal): Promise<void> {
    const { history, events, output } = this.#appended;
    while (
      history.waiting.length + events.waiting.length + output.waiting.length > 0 ||
      this.#uploaded.length > 0 ||
      this.#summary !== undefined
    ) {
      const parts = this.#next();
      const isLast = Object.entries(parts).every(
        ([name, lines]) => lines.length === this.#appended[name as keyof typeof parts].waiting.length,
      );
      const [uploaded, summary] = [[...this.#uploaded], isLast ? this.#summary : undefined];
      const files = {
        ...(parts.history.length > 0 && { 'wandb-history.jsonl': { offset: history.offset, content: parts.history } }),
        ...(parts.events.length > 0 && { 'wandb-events.jsonl': { offset: events.offset, content: parts.events } }),
        ...(parts.output.length > 0 && { 'output.log': { offset: output.offset, content: parts.output } }),
        ...(summary !== undefined && { 'wandb-summary.json': { offset: 0, content: [summary] } }),
      };
      await this.#post({ ...(Object.keys(files).length > 0 && { files }), ...(uploaded.length > 0 && { uploaded }) }, signal);
      for (const name of ['history', 'events', 'output'] as const) this.#appended[name].sent(parts[name].length);
      this.#uploaded.splice(0, uploaded.length);
      if (summary === this.#summary) this.#summary = undefined;
    }
  }

  /** As many lines of all as fit into one request. */
  #next(): Record<'history' | 'events' | 'output', string[]> {
    const parts = { history: [] as string[], events: [] as string[], output: [] as string[] };
    let room = LONGEST;
    for (const name of ['history', 'events', 'output'] as const) {
      parts[name] = this.#appended[name].next(room, room === LONGEST);
      room -= bytesOf(parts[name]);
    }
    return parts;
  }

  /** Says that the run is over. */
  async complete(exitcode: number, signal?: AbortSignal): Promise<void> {
    await this.send(signal);
    await this.#post({ complete: true, exitcode }, signal);
  }

  /** Says no more than that the run goes on. */
  beat(signal?: AbortSignal): Promise<void> {
    return this.#post({}, signal);
  }

  /** Forgets what waits. */
  discard(): void {
    for (const lines of Object.values(this.#appended)) lines.waiting = [];
    this.#summary = undefined;
  }

  async #post(body: object, signal: AbortSignal | undefined): Promise<void> {
    await this.#pace.wait(1, signal);
    const { entity, project, id } = this.#place;
    const route = `/files/${[entity, project, id].map(encodeURIComponent).join('/')}/file_stream`;
    await this.#connection.post(route, JSON.stringify(body), 'file_stream', signal);
  }
}

class AppendedLines {
  /** Index of the first line that waits. */
  offset = 0;
  waiting: string[] = [];

  /** As many as have room, bytes; `someFit`: at least one if any waits. */
  next(room: number, someFit: boolean): string[] {
    let bytes = 0;
    const end = this.waiting.findIndex((line, at) => (bytes += Buffer.byteLength(line)) > room && (at > 0 || !someFit));
    return end === -1 ? [...this.waiting] : this.waiting.slice(0, end);
  }

  sent(count: number): void {
    this.offset += count;
    this.waiting.splice(0, count);
  }
}

const bytesOf = (lines: readonly string[]): number => lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
