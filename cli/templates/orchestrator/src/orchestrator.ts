import { schedulePlan } from '@mortise/core';
import type { ComponentContext, OrchestratedRun, Orchestrator, PipelineSpec } from '@mortise/core';

import type { FlavorNameConfig } from './config.js';

export async function create({ config }: ComponentContext<FlavorNameConfig>): Promise<FlavorNameOrchestrator> {
  return new FlavorNameOrchestrator(config.concurrency);
}

/**
 * Decides where and when steps run. This one follows core's own scheduler in this process. One that sends steps elsewhere calls `run.runStep` for each
 * step whose dependencies have ended well, asks `run.mapLength` how many items a mapped step has, and begins nothing once `run.signal` is aborted.
 */
export class FlavorNameOrchestrator implements Orchestrator {
  readonly #concurrency: number;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** What the user asks for one run goes before the config. */
  async execute(plan: PipelineSpec, run: OrchestratedRun): Promise<void> {
    await schedulePlan(plan, run, { concurrency: run.concurrency ?? this.#concurrency });
  }
}
