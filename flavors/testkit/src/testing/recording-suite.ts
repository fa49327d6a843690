import { Permanent, type ExperimentTracker, type TrackerCapabilities, type TrackerRunRef } from '@mortise/core';

import type { ExperimentTrackerBackend, ExperimentTrackerSuite, Fault } from '../experiment-tracker/experiment-tracker-suite.ts';
import type { TrackerState } from '../experiment-tracker/tracker-state.ts';
import { recordedState } from '../recording/recorded-state.ts';
import { RECORDING_CAPABILITIES, RecordingTracker, type RecordingTrackerOptions } from '../recording/recording-tracker.ts';
import { Recording } from '../recording/recording.ts';

/** Makes the tracker under test; it must use the options, which the faults are in. */
export type MakeTracker = (options: RecordingTrackerOptions) => ExperimentTracker;

export const SECRET = 'key-6f1d';

/** The suite for trackers that remember in a `Recording`, in memory. */
export function recordingSuite(
  make: MakeTracker = (options) => new RecordingTracker(options),
  claims: Partial<TrackerCapabilities> = {},
): ExperimentTrackerSuite {
  const capabilities = { ...RECORDING_CAPABILITIES, ...claims };
  return {
    name: 'recording',
    capabilities,
    faults: ['down', 'denied', 'hang'],
    refused: { kind: 'note', markdown: 'too much' },
    secrets: [SECRET],
    backend: async () => backendOf(make, capabilities),
  };
}

function backendOf(make: MakeTracker, capabilities: TrackerCapabilities): ExperimentTrackerBackend {
  const recording = new Recording();
  // One object, so that a fault strikes all trackers of the backend.
  const options: RecordingTrackerOptions = {
    recording,
    ids: capabilities.ids,
    capabilities,
    reject: (event) => (event.kind === 'note' && event.markdown === 'too much' ? 'the note is too long' : undefined),
  };
  return {
    create: async () => make(options),
    read: async (ref) => stateIn(recording, ref),
    fail: async (fault) => {
      Object.assign(options, FAULTS[fault]);
      return async () => void Object.assign(options, MENDED);
    },
  };
}

const MENDED = { failOpen: 0, failDeliver: 0, failClose: 0, openDelayMs: 0, deliverDelayMs: 0, closeDelayMs: 0 };
const DENIED = new Permanent('401 Unauthorized');
/** Longer than any clause waits, and not for ever. */
const A_WHILE_MS = 10_000;
const FAULTS: Record<Fault, RecordingTrackerOptions> = {
  down: { failOpen: Infinity, failDeliver: Infinity, failClose: Infinity },
  denied: { failOpen: DENIED, failDeliver: DENIED, failClose: DENIED },
  hang: { openDelayMs: A_WHILE_MS, deliverDelayMs: A_WHILE_MS, closeDelayMs: A_WHILE_MS },
};

/** Looked up by id, as a server would. */
export function stateIn(recording: Recording, ref: TrackerRunRef): TrackerState | undefined {
  recording.refresh();
  const run = [...recording.runs.values()].find((each) => each.ref.id === ref.id);
  return run && recordedState(run);
}
