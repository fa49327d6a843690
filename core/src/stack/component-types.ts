import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { ExperimentTracker } from '../tracking/experiment-tracker.ts';
import type { Alerter } from './alerter.ts';
import type { Orchestrator } from './orchestrator.ts';

/** What a component of each type must implement. Augmentable, so that a package can add a type. */
export interface ComponentTypes {
  orchestrator: Orchestrator;
  'artifact-store': ArtifactStore;
  'experiment-tracker': ExperimentTracker;
  alerter: Alerter;
}

export type ComponentType = keyof ComponentTypes;

export interface ComponentTypeRow {
  type: ComponentType;
  /** Short flag of `stack register`. */
  flag: string;
  /** Every stack needs one. */
  required: boolean;
  /** A stack may have several; the first is the default. */
  several: boolean;
}

/** The one table of component types: the registry, the CLI and the checks all read it. */
export const COMPONENT_TYPES: readonly ComponentTypeRow[] = [
  { type: 'orchestrator', flag: 'o', required: true, several: false },
  { type: 'artifact-store', flag: 'a', required: true, several: false },
  { type: 'experiment-tracker', flag: 'e', required: false, several: true },
  { type: 'alerter', flag: 'al', required: false, several: true },
];
