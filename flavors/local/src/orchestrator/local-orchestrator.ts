import {
  DEFAULT_CONCURRENCY,
  schedulePlan,
  type ComponentContext,
  type OrchestratedRun,
  type Orchestrator,
  type PipelineSpec,
} from '@mortise/core';
import type { LocalOrchestratorConfig } from './local-orchestrator-config.ts';

/** Core's own scheduler, in this process. What the user asks for one run goes before the config. */
export class LocalOrchestrator implements Orchestrator {
  readonly #concurrency: number;

  constructor({ concurrency = DEFAULT_CONCURRENCY }: LocalOrchestratorConfig) {
    this.#concurrency = concurrency;
  }

  execute(plan: PipelineSpec, run: OrchestratedRun): Promise<void> {
    return schedulePlan(plan, run, { concurrency: run.concurrency ?? this.#concurrency });
  }
}

export async function create({ config }: ComponentContext<LocalOrchestratorConfig>): Promise<LocalOrchestrator> {
  return new LocalOrchestrator(config);
}
