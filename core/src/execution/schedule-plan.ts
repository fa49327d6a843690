import { availableParallelism } from 'node:os';

import { dependenciesOf } from '../pipeline/dependencies.ts';
import type { PipelineSpec, StepSpec, StepStatus } from '../pipeline/pipeline-spec.ts';
import type { OrchestratedRun } from '../stack/orchestrator.ts';

/** Step runs at once when nobody says otherwise: steps mostly wait, so more than there are cores. */
export const DEFAULT_CONCURRENCY = Math.max(4, availableParallelism());

/** A step of the plan as the scheduler follows it. */
interface Node {
  step: StepSpec;
  /** Steps that wait for this one. */
  dependents: Node[];
  /** Steps this one still waits for. */
  waitingFor: number;
  /** A step above it failed: it will not start. */
  blocked: boolean;
  /** Items of a mapped step that have not ended. */
  itemsLeft: number;
  failed: boolean;
}

interface Task {
  node: Node;
  mapIndex: number | undefined;
}

/**
 * Runs a plan on this machine: every step starts as soon as all it waits for has ended well, at most `concurrency` at once, in the order of the plan.
 * After a failure: `fail-fast` aborts what runs, `stop-on-failure` lets it end, both start nothing more; `continue-on-failure` runs all that is
 * not downstream of it. An aborted signal starts nothing more. Resolves when nothing runs any longer.
 */
export async function schedulePlan(
  plan: PipelineSpec,
  run: Omit<OrchestratedRun, 'settings'>,
  options: { concurrency: number },
): Promise<void> {
  const ready: Task[] = [];
  let next = 0;
  let running = 0;
  let stopped = false;

  for (const node of graph(plan)) if (node.waitingFor === 0) ready.push({ node, mapIndex: undefined });

  await new Promise<void>((resolve, reject) => {
    const pump = (): void => {
      while (!stopped && !run.signal.aborted && running < options.concurrency && next < ready.length) {
        const task = ready[next++]!;
        running++;
        start(task).then(() => {
          running--;
          pump();
        }, reject);
      }
      if (running === 0) resolve();
    };

    const start = async ({ node, mapIndex }: Task): Promise<void> => {
      if (mapIndex === undefined && node.step.map !== undefined) {
        const length = await run.mapLength(node.step.id);
        if (length !== undefined && length > 0) {
          node.itemsLeft = length;
          // Next in turn, and one by one: a call takes only so many arguments.
          const later = ready.splice(next);
          for (let index = 0; index < length; index++) ready.push({ node, mapIndex: index });
          for (const task of later) ready.push(task);
          return;
        }
      }
      ended(node, await run.runStep(node.step.id, mapIndex));
    };

    const ended = (node: Node, status: StepStatus): void => {
      if (status === 'failed' || status === 'killed') {
        node.failed = true;
        if (run.executionMode !== 'continue-on-failure') stopped = true;
        if (run.executionMode === 'fail-fast') run.abortRunning(`step "${node.step.id}" ${status}`);
      }
      node.itemsLeft--;
      if (node.itemsLeft > 0) return;
      for (const dependent of node.dependents) {
        dependent.blocked ||= node.failed || node.blocked;
        if (--dependent.waitingFor > 0) continue;
        if (dependent.blocked) passOver(dependent);
        else ready.push({ node: dependent, mapIndex: undefined });
      }
    };

    /** A step that will never start blocks all below it, without recursion: chains are long. */
    const passOver = (first: Node): void => {
      const blocked = [first];
      for (let node = blocked.pop(); node !== undefined; node = blocked.pop()) {
        for (const dependent of node.dependents) {
          dependent.blocked = true;
          if (--dependent.waitingFor === 0) blocked.push(dependent);
        }
      }
    };

    pump();
  });
}

function graph(plan: PipelineSpec): Node[] {
  const nodes = new Map<string, Node>();
  for (const step of plan.steps) nodes.set(step.id, { step, dependents: [], waitingFor: 0, blocked: false, itemsLeft: 1, failed: false });
  for (const node of nodes.values()) {
    for (const id of dependenciesOf(node.step)) {
      const source = nodes.get(id);
      if (source === undefined) continue;
      source.dependents.push(node);
      node.waitingFor++;
    }
  }
  return [...nodes.values()];
}
