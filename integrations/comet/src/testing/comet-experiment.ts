import type { Json } from '@mortise/core';

/** A point as the recorder was sent it. Comet takes a batch twice for two batches, so far as anybody outside knows: the recorder does too. */
export interface RecordedPoint {
  metricName: string;
  /** Python's NaN and infinities are texts. */
  metricValue: number | string | null;
  step: number | null;
  epoch: number | null;
  context: string | null;
  timestamp: number | null;
}

export interface RecordedAsset {
  assetId: string;
  fileName: string;
  type: string | null;
  step: string | null;
  overwrite: boolean;
  metadata: Json;
  bytes: Buffer;
}

export interface RecordedLine {
  output: string;
  stderr: boolean;
  offset: number;
}

/** What the recorder holds of an experiment. */
export class CometExperiment {
  readonly key: string;
  readonly workspace: string;
  readonly project: string;
  readonly params = new Map<string, Json>();
  readonly points: RecordedPoint[] = [];
  readonly others = new Map<string, Json>();
  readonly tags = new Set<string>();
  readonly lines: RecordedLine[] = [];
  assets: RecordedAsset[] = [];
  html: string[] = [];
  graph: string | undefined;
  isAlive = true;
  hasCrashed = false;
  error: string | null = null;
  /** The last that was said, ms UTC. */
  startedAt: number | null = null;
  endedAt: number | null = null;

  constructor(key: string, workspace: string, project: string) {
    this.key = key;
    this.workspace = workspace;
    this.project = project;
  }

  addAsset(asset: RecordedAsset): void {
    if (asset.overwrite) this.assets = this.assets.filter(({ fileName }) => fileName !== asset.fileName);
    this.assets.push(asset);
  }
}
