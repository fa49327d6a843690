import { randomBytes } from 'node:crypto';

import { ArtifactTree } from './artifact-tree.ts';
import { invalid, missing } from './stub-refusal.ts';

export interface StubExperiment {
  id: string;
  name: string;
  artifactLocation: string;
  isDeleted: boolean;
  createdAt: number;
  updatedAt: number;
  tags: Map<string, string>;
  /** Ids of traces. */
  traces: string[];
}

export interface StubPoint {
  key: string;
  value: number;
  timestamp: number;
  step: number;
  modelId: string;
  datasetName: string;
  datasetDigest: string;
}

export interface StubDataset {
  dataset: Record<string, string>;
  tags: Map<string, string>;
}

export interface StubRun {
  id: string;
  experimentId: string;
  name: string;
  userId: string;
  status: string;
  startTime: number;
  endTime: number | undefined;
  isDeleted: boolean;
  tags: Map<string, string>;
  params: Map<string, string>;
  /** By key, then by what makes two points one. */
  points: Map<string, Map<string, StubPoint>>;
  latest: Map<string, StubPoint>;
  datasets: StubDataset[];
  outputs: Map<string, number>;
}

export interface StubLoggedModel {
  id: string;
  experimentId: string;
  name: string;
  status: string;
  modelType: string;
  sourceRunId: string;
  createdAt: number;
  updatedAt: number;
  params: Map<string, string>;
  tags: Map<string, string>;
  points: StubPoint[];
}

export interface StubModelVersion {
  name: string;
  version: string;
  source: string;
  runId: string;
  description: string;
  createdAt: number;
  tags: Map<string, string>;
}

export interface StubRegisteredModel {
  name: string;
  description: string;
  createdAt: number;
  updatedAt: number;
  tags: Map<string, string>;
  aliases: Map<string, string>;
  versions: StubModelVersion[];
}

/** All that the stub keeps, in memory; tests may look. */
export class StubStore {
  readonly experiments = new Map<string, StubExperiment>();
  readonly runs = new Map<string, StubRun>();
  readonly loggedModels = new Map<string, StubLoggedModel>();
  readonly registeredModels = new Map<string, StubRegisteredModel>();
  readonly artifacts = new ArtifactTree();

  constructor() {
    this.addExperiment('Default', '', new Map());
  }

  addExperiment(name: string, artifactLocation: string, tags: Map<string, string>): StubExperiment {
    const id = String(this.experiments.size);
    const now = Date.now();
    const location = artifactLocation === '' ? `mlflow-artifacts:/${id}` : artifactLocation;
    const experiment = { id, name, artifactLocation: location, isDeleted: false, createdAt: now, updatedAt: now, tags, traces: [] };
    this.experiments.set(id, experiment);
    return experiment;
  }

  experiment(id: string): StubExperiment {
    const experiment = this.experiments.get(id);
    if (experiment === undefined) throw missing(`No Experiment with id=${id} exists`);
    return experiment;
  }

  activeExperiment(id: string): StubExperiment {
    const experiment = this.experiment(id);
    if (experiment.isDeleted) throw invalid(`The experiment ${id} must be in the 'active' state. Current state is deleted.`);
    return experiment;
  }

  run(id: string): StubRun {
    const run = this.runs.get(id);
    if (run === undefined) throw missing(`Run with id=${id} not found`);
    return run;
  }

  activeRun(id: string): StubRun {
    const run = this.run(id);
    if (run.isDeleted) throw invalid(`The run ${id} must be in the 'active' state. Current state is deleted.`);
    return run;
  }

  artifactUri({ experimentId, id }: StubRun): string {
    return `${this.experiment(experimentId).artifactLocation}/${id}/artifacts`;
  }
}

export function newId(): string {
  return randomBytes(16).toString('hex');
}

/** Such as MLflow makes up for what has no name. */
export function madeUpName(): string {
  return `melodic-bear-${randomBytes(2).readUInt16LE() % 1_000}`;
}

export function listed(pairs: ReadonlyMap<string, string>): { key: string; value: string }[] | undefined {
  return pairs.size === 0 ? undefined : [...pairs].map(([key, value]) => ({ key, value }));
}

/** An empty list is left out of an answer, as all that is empty. */
export function filledList<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
