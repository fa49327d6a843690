import type { CometClient } from '../client/comet-client.ts';
import type { CometPoint } from '../client/points.ts';
import type { Gathered } from './gathered.ts';
import type { Progress } from './progress.ts';
import { missingPoints } from './read-back.ts';

/** Most points in one request, but for an event that has more: that one is a request of its own. */
const MOST_POINTS = 1_000;

/**
 * Sends what counts twice when it is sent twice, points and lines of output. After an answer that was lost, and in a process that has not sent anything yet, it is
 * not known how far the run came: what is to be sent is looked for at Comet first.
 */
export class CountedOnce {
  readonly #client: CometClient;
  readonly #key: string;
  readonly #progress: Progress;
  /** Writers of whose points Comet has none beyond our progress. */
  readonly #certain = new Set<string>();
  #areLinesCertain = false;

  constructor(client: CometClient, key: string, progress: Progress) {
    this.#client = client;
    this.#key = key;
    this.#progress = progress;
  }

  async sendPoints(points: Gathered['points'], signal: AbortSignal): Promise<void> {
    const open = this.#progress.open(points, 'points');
    const doubtful = open.filter(({ writer }) => !this.#certain.has(writer));
    const inDoubt = new Set(doubtful);
    const about = { events: doubtful, alike: (point: CometPoint): number => this.#progress.alike(point) };
    const missing = doubtful.every(({ what }) => what.length === 0)
      ? undefined
      : await missingPoints(this.#client, this.#key, about, signal);
    const isMissing = (point: CometPoint): boolean => missing === undefined || missing.has(point);
    const certain = new Set(doubtful.filter(({ what }) => what.some(isMissing)).map(({ writer }) => writer));
    const asSent = open.map((event) => (inDoubt.has(event) ? { ...event, what: event.what.filter(isMissing) } : event));
    const whole = new Map(asSent.map((event, at) => [event, open[at]!]));
    try {
      for (const chunk of chunksOf(asSent)) {
        const sent = chunk.flatMap(({ what }) => what);
        if (sent.length > 0) await this.#client.logMetrics(this.#key, sent, signal);
        this.#progress.reachPoints(chunk.map((event) => whole.get(event)!));
      }
    } catch (error) {
      this.#certain.clear();
      throw error;
    }
    for (const writer of certain) this.#certain.add(writer);
  }

  async sendLines(lines: Gathered['lines'], signal: AbortSignal): Promise<void> {
    const open = this.#progress.open(lines, 'lines');
    if (open.length === 0) return;
    const there = this.#areLinesCertain ? 0 : await this.#countThere(open, signal);
    const numbered = open.map(({ what }, at) => ({ ...what, offset: this.#progress.lineCount + at })).slice(there);
    if (numbered.length > 0) {
      this.#areLinesCertain = false;
      await this.#client.logOutput(this.#key, numbered, signal);
      this.#areLinesCertain = true;
    }
    this.#progress.lineCount += open.length;
    this.#progress.reach(open, 'lines');
  }

  /** How many of the first of these Comet has: who sent them may have died before there were more. */
  async #countThere(lines: Gathered['lines'], signal: AbortSignal): Promise<number> {
    const output = await this.#client.output(this.#key, signal);
    // Before these are at least those that are known to be there.
    const behind = output.split('\n').slice(this.#progress.lineCount);
    const text = `\n${behind.join('\n')}`;
    let there = 0;
    for (let most = Math.min(lines.length, behind.length - 1); there < most;) {
      const middle = Math.ceil((there + most) / 2);
      const first = lines.slice(0, middle).map(({ what }) => what.text);
      if (text.includes(`\n${first.join('')}`)) there = middle;
      else most = middle - 1;
    }
    return there;
  }
}

/** Whole events, as many as make a request. */
function* chunksOf(events: Gathered['points']): Generator<Gathered['points']> {
  let chunk: Gathered['points'] = [];
  let count = 0;
  for (const event of events) {
    if (chunk.length > 0 && count + event.what.length > MOST_POINTS) {
      yield chunk;
      [chunk, count] = [[], 0];
    }
    chunk.push(event);
    count += event.what.length;
  }
  if (chunk.length > 0) yield chunk;
}
