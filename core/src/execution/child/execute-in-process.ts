import { availableParallelism } from 'node:os';

import { newId } from '../../id.ts';
import { resolveConfig } from '../../secrets/component-secrets.ts';
import { findDescriptor, flavorDescriptors } from '../../stack/builtin-flavors.ts';
import type { ProducedVersion } from '../../store/version-data.ts';
import type { BegunAttempt } from '../execute-inline.ts';
import type { OpenRun } from '../open-run.ts';
import { reasonOf } from '../outcome.ts';
import type { StepCall } from '../step-call.ts';
import { untilStopped } from '../until-stopped.ts';
import type { UserCode } from '../user-code.ts';
import type { CodeOrigin } from './code-origin.ts';
import type { Preparation } from './protocol.ts';
import { StepPool } from './step-pool.ts';
import { StepProcess, type OutputStream, type TaskOfProcess } from './step-process.ts';

/** What a step process stored. What the function returned stays there. */
export interface ExecutedElsewhere {
  outputs: { version: ProducedVersion }[];
  returned?: undefined;
  undeclared: string[];
}

/** A step process that waits for one attempt, or why there is none. To be left after it. */
export interface ProcessPlace {
  execute(call: StepCall, attempt: BegunAttempt, code: UserCode): Promise<ExecutedElsewhere>;
  leave(): void;
}

const pools = new WeakMap<OpenRun, Promise<StepPool>>();

/** Waits for a step process of the run. Undefined when the run is stopped before there is one. */
export async function takePlace(run: OpenRun, { origin }: StepCall): Promise<ProcessPlace | undefined> {
  let pool = pools.get(run);
  if (pool === undefined) pools.set(run, (pool = openPool(run, origin)));
  try {
    const open = await pool;
    const taken = await open.take(run.signal);
    return taken && { execute: (call, attempt, code) => execute(taken, { call, attempt, code }), leave: () => open.give(taken) };
  } catch (error) {
    // It is the attempt that fails with it.
    const fail = async (): Promise<never> => {
      throw error;
    };
    return { execute: fail, leave: () => undefined };
  }
}

async function openPool(run: OpenRun, origin: CodeOrigin): Promise<StepPool> {
  const { pool: size = availableParallelism(), memoryMb } = run.stack.orchestrator.execution ?? {};
  const artifactStore = await artifactStorePart(run);
  const onStray = (step: string, error: unknown): void =>
    run.warn(`step "${step}" left something running, which failed after it had ended: ${reasonOf(error)}`);
  const pool = new StepPool(size, () => {
    const writer = newId();
    const log = run.tracking.follow(writer);
    const preparation: Preparation = {
      kind: 'prepare',
      parent: process.pid,
      origin,
      run: { id: run.id, name: run.name, pipeline: run.plan.pipeline },
      project: run.project,
      artifactStore,
      log: { folder: log.folder, writer },
    };
    return new StepProcess({ preparation, memoryMb, log, onStray });
  });
  run.atEnd(() => pool.close());
  return pool;
}

/** A step process has no store to resolve references from. */
async function artifactStorePart(run: OpenRun): Promise<Preparation['artifactStore']> {
  const type = 'artifact-store';
  const { name, flavor, config } = run.stack.snapshot.components.find((component) => component.type === type)!;
  const descriptor = findDescriptor(await flavorDescriptors(run.store), type, flavor);
  const resolved = await resolveConfig({ type, name, config }, descriptor, run.store);
  return { part: { type, name, flavor, config: resolved }, descriptor };
}

async function execute(
  process: StepProcess,
  { call, attempt, code: listener }: { call: StepCall; attempt: BegunAttempt; code: UserCode },
): Promise<ExecutedElsewhere> {
  const { step, mapIndex, code, inputs } = call;
  const { id, intents, tracking, stop } = attempt;
  const order: TaskOfProcess = {
    task: {
      kind: 'step',
      id,
      attempt: attempt.attempt,
      step,
      mapIndex,
      code: { module: code.module, ordinal: code.ordinal, inBody: code.inBody ?? false },
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, { stored }]) => [name, stored])),
      env: Object.fromEntries((step.options.cacheEnv ?? []).map((name) => [name, globalThis.process.env[name] ?? null])),
      intents,
      trackerRuns: tracking.trackerRuns.map(({ component, flavor }) => ({ component, flavor })),
    },
    tracking,
    onOutput(stream, chunk) {
      print(stream, listener.output?.(stream === 'stdout' ? 'out' : 'err', chunk) ?? chunk);
    },
  };
  try {
    const { versions, undeclared } = await untilStopped(() => process.run(order), step, stop);
    return { outputs: versions.map((version) => ({ version })), undeclared };
  } finally {
    if (stop.signal.aborted) await process.stop(stop.signal.reason);
  }
}

function print(stream: OutputStream, chunk: string | Uint8Array): void {
  process[stream].write(chunk);
}
