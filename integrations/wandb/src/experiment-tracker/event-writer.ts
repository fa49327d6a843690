import type { Outcome, TrackerEvent } from '@mortise/core';

import type { StoredState } from './delivered.ts';
import { gatherRows, OWN_STEP } from './gather-rows.ts';
import { movedBy } from './other-writers.ts';
import type { RunRecords } from './run-records.ts';
import { endedStory, lastWords, shownTags, STORY, type RunStory } from './run-story.ts';
import { splitSystem } from './system-rows.ts';

/** A run that events are written to. */
export interface WrittenRun {
  records: RunRecords;
  story: RunStory;
  /** Tags that are no names with texts: those of the environment. */
  plainTags: readonly string[];
  /** ms since the epoch. */
  startedAt: number;
  known: StoredState | undefined;
  /** Tells a person something, once however often it is said. */
  warn(message: string): void;
}

/** Writes events that are no files as records of a W&B run, and knows what that has made of its story and its steps. */
export class EventWriter {
  readonly #run: WrittenRun;
  #story: RunStory;
  #safeStory: RunStory;
  /** The highest step that was given, and that is safe. */
  #ownStep: number;
  #safeOwnStep: number;
  /** The highest `_step` that others have taken; -1 if none has. */
  #othersStep: number;

  constructor(run: WrittenRun) {
    const { story, known, records } = run;
    this.#run = run;
    this.#story = this.#safeStory = story;
    this.#ownStep = this.#safeOwnStep = known?.ownStep ?? known?.step ?? -1;
    this.#othersStep = records.lastStep > (known?.step ?? -1) ? records.lastStep : -1;
  }

  get story(): RunStory {
    return this.#story;
  }

  get safeOwnStep(): number {
    return this.#safeOwnStep;
  }

  write(events: readonly TrackerEvent[]): void {
    const { records, plainTags, startedAt } = this.#run;
    const before = this.#story;
    for (const event of events) this.#writeOne(event);
    if (this.#story !== before) records.writer.config({ [STORY]: this.#story });
    if (this.#story.tags !== before.tags) records.writer.describe({ tags: shownTags(this.#story.tags, plainTags) });
    // After the definitions of metrics.
    const { metrics, system } = splitSystem(
      events.filter((event) => event.kind === 'metrics'),
      startedAt,
    );
    if (system.length > 0) records.writer.systemMetrics(system);
    if (metrics.length > 0) this.#writeRows(metrics);
  }

  /** What the run says itself of how it ended, once. */
  end(outcome: Outcome, endedAt: number, supersededBy: string | undefined): void {
    if (this.#story.ended_at !== undefined) return;
    const { writer } = this.#run.records;
    this.#story = endedStory(this.#story, outcome, endedAt, supersededBy);
    writer.config({ [STORY]: this.#story });
    writer.output(lastWords(outcome).map((text) => ({ stream: 'err', text, at: endedAt })));
  }

  /** Others have written to the run, up to its last step. */
  moveBehindOthers(): void {
    this.#othersStep = this.#run.records.lastStep;
  }

  settle(): void {
    this.#safeOwnStep = this.#ownStep;
    this.#safeStory = this.#story;
  }

  takeBack(): void {
    this.#ownStep = this.#safeOwnStep;
    this.#story = this.#safeStory;
  }

  #writeOne(event: TrackerEvent): void {
    const { writer } = this.#run.records;
    switch (event.kind) {
      case 'params':
        return writer.config(event.values);
      case 'tags': {
        const tags = { ...this.#story.tags, ...event.set };
        for (const name of event.remove ?? []) delete tags[name];
        this.#story = { ...this.#story, tags };
        return;
      }
      case 'note':
        return writer.describe({ notes: event.markdown });
      case 'dataset': {
        const { name, digest, source, context } = event;
        const dataset = {
          name,
          ...(digest !== undefined && { digest }),
          ...(source !== undefined && { source }),
          ...(context !== undefined && { context }),
        };
        this.#story = { ...this.#story, datasets: [...(this.#story.datasets ?? []), dataset] };
        return;
      }
      case 'define-metric': {
        const { name, summary, goal, stepMetric } = event;
        return writer.defineMetric({
          name,
          // Without one W&B has the last value under the metric's own name; with this one it would have it below, at `NAME.last`.
          ...(summary !== 'last' && { summary: [summary] }),
          ...(goal !== undefined && { goal }),
          ...(stepMetric !== undefined && { stepMetric }),
        });
      }
      case 'log':
        return writer.output(linesOf(event.text).map((text) => ({ stream: event.stream, text, at: event.at })));
      default:
        return;
    }
  }

  #writeRows(metrics: Parameters<typeof gatherRows>[0]): void {
    const { records, startedAt, warn } = this.#run;
    const before = this.#ownStep;
    const { rows, late, moved, ownStep } = gatherRows(metrics, { lastStep: records.lastStep, ownStep: before, startedAt });
    records.writer.history(rows);
    this.#ownStep = ownStep;
    // What follows is moved for the same reason.
    if (moved && this.#othersStep > before) warn(movedBy(this.#othersStep));
    for (const name of late)
      warn(
        `W&B takes steps in rising order: points of "${name}" came when it had a row of their step, or of later ones, and are in rows of their own at its next steps. Their own step is in "${OWN_STEP}"`,
      );
  }
}

/** A line end at the end begins no other line. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.length > 1 && lines.at(-1) === '') lines.pop();
  return lines;
}
