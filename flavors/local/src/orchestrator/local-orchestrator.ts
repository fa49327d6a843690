import {
  DEFAULT_CONCURRENCY,
  schedulePlan,
  type ComponentContext,
  type LocalExecution,
  type OrchestratedRun,
  type Orchestrator,
  type PipelineSpec,
} from '@mortise/core';
import type { LocalOrchestratorConfig } from './local-orchestrator-config.ts';

/** Core's own scheduler, in this process. What the user asks for one run goes before the config. */
export class LocalOrchestrator implements Orchestrator {
  readonly execution: LocalExecution;

  constructor(config: LocalOrchestratorConfig) {
    this.execution = config;
  }

  execute(plan: PipelineSpec, run: OrchestratedRun): Promise<void> {
    return schedulePlan(plan, run, { concurrency: run.concurrency ?? this.execution.concurrency ?? DEFAULT_CONCURRENCY });
  }
}

export async function create({ config }: ComponentContext<LocalOrchestratorConfig>): Promise<LocalOrchestrator> {
  return new LocalOrchestrator(config);
}
