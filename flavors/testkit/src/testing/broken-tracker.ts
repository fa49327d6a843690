import type { TrackerCapabilities, TrackerEvent, TrackerRun, TrackerRunIdentity, TrackerRunRef, TrackerRunStart } from '@mortise/core';

import { RecordingTracker } from '../recording/recording-tracker.ts';
import type { RecordedRun } from '../recording/recording.ts';
import type { MakeTracker } from './recording-suite.ts';

/** A tracker that breaks one clause. */
export interface TrackerMutant {
  /** What it does wrong. */
  does: string;
  /** The test that must catch it. */
  caughtBy: string;
  claims?: Partial<TrackerCapabilities>;
  make: MakeTracker;
}

export interface Opening {
  identity: TrackerRunIdentity;
  start: TrackerRunStart;
  known: TrackerRunRef | undefined;
  signal: AbortSignal;
}

/** A recording tracker that opens something other than what it was told. */
export function opens(change: (opening: Opening, tracker: RecordingTracker) => Partial<Opening> | Promise<Partial<Opening>>): MakeTracker {
  return (options) => {
    const tracker = new RecordingTracker(options);
    const open = tracker.open.bind(tracker);
    tracker.open = async (identity, start, known, signal) => {
      const told = { identity, start, known, signal };
      const opening = { ...told, ...(await change(told, tracker)) };
      return open(opening.identity, opening.start, opening.known, opening.signal);
    };
    return tracker;
  };
}

/** A recording tracker whose runs do some things in another way. */
export function runs(change: (run: TrackerRun<RecordedRun>, tracker: RecordingTracker) => Partial<TrackerRun<RecordedRun>>): MakeTracker {
  return (options) => {
    const tracker = new RecordingTracker(options);
    const open = tracker.open.bind(tracker);
    tracker.open = async (...told) => {
      const run = await open(...told);
      const changed = change(run, tracker);
      return {
        native: run.native,
        get ref() {
          return changed.ref ?? run.ref;
        },
        deliver: changed.deliver ?? run.deliver.bind(run),
        close: changed.close ?? run.close.bind(run),
      };
    };
    return tracker;
  };
}

/** A recording tracker that takes other events than those it was sent, and confirms these. */
export function takes(change: (events: readonly TrackerEvent[], closing: boolean) => readonly TrackerEvent[]): MakeTracker {
  return runs((run) => ({
    deliver: async (events, signal, closing = false) => {
      const receipt = await run.deliver(change(events, closing), signal, closing);
      return { ...receipt, through: Object.fromEntries(events.map(({ writer, seq }) => [writer, seq])) };
    },
  }));
}

/** The same for each event by itself. */
export function takesEach(change: (event: TrackerEvent) => TrackerEvent): MakeTracker {
  return takes((events) => events.map(change));
}
