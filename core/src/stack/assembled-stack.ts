import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { StackSnapshot } from '../store/stack-data.ts';
import type { TrackerComponent } from '../tracking/run-tracking.ts';
import type { Alerter } from './alerter.ts';
import type { ComponentSettings } from './component-settings.ts';
import type { Orchestrator } from './orchestrator.ts';

/** A stack whose components have been made, ready for a run. */
export interface AssembledStack {
  snapshot: StackSnapshot;
  orchestrator: Orchestrator;
  artifactStore: ArtifactStore;
  /** Name of the artifact store component, for messages. */
  artifactStoreName: string;
  trackers: TrackerComponent[];
  /** What each component takes as settings, by `<component type>:<name>`. */
  settings: ReadonlyMap<string, ComponentSettings>;
  alerters: { name: string; alerter: Alerter }[];
  [Symbol.asyncDispose](): Promise<void>;
}
