import { schedulePlan, type OrchestratedRun, type Orchestrator, type PipelineSpec, type StepSpec } from '@mortise/core';

/** An orchestrator that breaks one clause. */
export interface OrchestratorMutant {
  /** What it does wrong. */
  does: string;
  /** The test that must catch it. */
  caughtBy: string;
  make: MakeOrchestrator;
}

/** `place`: what all orchestrators of a backend share. */
export type MakeOrchestrator = (place: OrchestratorWorld) => Orchestrator;

export interface OrchestratorWorld {
  down: boolean;
}

/** Core's scheduler, which cannot be reached when its world is down. */
export class ScheduledOrchestrator implements Orchestrator {
  readonly world: OrchestratorWorld;

  constructor(world: OrchestratorWorld) {
    this.world = world;
  }

  async execute(plan: PipelineSpec, run: OrchestratedRun): Promise<void> {
    await this.check();
    await schedulePlan(plan, run, { concurrency: run.concurrency ?? 16 });
  }

  async check(): Promise<void> {
    if (this.world.down) throw new Error('it cannot be reached');
  }
}

/** An orchestrator that does something of its own in place of executing, or around it. */
export function executes(
  execute: (plan: PipelineSpec, run: OrchestratedRun, whole: ScheduledOrchestrator) => Promise<void>,
): MakeOrchestrator {
  return (world) => {
    const whole = new ScheduledOrchestrator(world);
    return {
      execute: (plan, run) => execute(plan, run, whole),
      check: () => whole.check(),
    };
  };
}

/** One that understands the plan in another way. */
export function reads(change: (step: StepSpec) => StepSpec): MakeOrchestrator {
  return executes((plan, run, whole) => whole.execute({ ...plan, steps: plan.steps.map(change) }, run));
}

/** One that sees another run than the one it was given. */
export function sees(change: (run: OrchestratedRun) => Partial<OrchestratedRun>): MakeOrchestrator {
  return executes((plan, run, whole) => whole.execute(plan, seen(run, change(run))));
}

/** A run of which some is otherwise. */
export function seen(run: OrchestratedRun, change: Partial<OrchestratedRun>): OrchestratedRun {
  const { runStep, mapLength, abortRunning, settings, executionMode, concurrency, signal } = run;
  return { runStep, mapLength, abortRunning, settings, executionMode, concurrency, signal, ...change };
}
