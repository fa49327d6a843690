import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findRun } from '../client/read-pipeline-run.ts';
import { ParamWasSecret, PipelineGone, RunIsOver, RunStackGone, RunUnderWay } from '../errors.ts';
import { MASK } from '../secrets/masked-texts.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { RunRecord } from '../store/run-data.ts';

/** A run that ended before it was completed, and whose stack is there. Throws `UnknownRun`, `RunUnderWay`, `RunIsOver`, `RunStackGone`, `ParamWasSecret`. */
export async function findResumable(store: MetadataStore, nameOrId: string): Promise<RunRecord> {
  const run = await findRun(store, nameOrId);
  const owner = (await store.runsUnderWay()).find(({ id }) => id === run.id)?.owner;
  if (owner !== undefined) throw new RunUnderWay({ run: run.name, pid: owner.pid, host: owner.host, doing: 'resumed' });
  if (run.status === 'completed') throw new RunIsOver({ run: run.name, status: run.status, doing: 'resumed' });
  const stack = run.stack.name;
  if ((await store.stack(stack)) === undefined) {
    const { items } = await store.stacks({ limit: 1000 });
    throw new RunStackGone({ run: run.name, stack, known: items.map(({ name }) => name) });
  }
  const [hidden] = Object.entries(run.params).find(([, value]) => JSON.stringify(value).includes(MASK)) ?? [];
  if (hidden !== undefined) throw new ParamWasSecret({ run: run.name, param: hidden });
  return run;
}

/** The file that defined a run's pipeline. Throws `PipelineGone`. */
export function moduleOf(run: RunRecord, root: string): string {
  const { module } = run.spec;
  const path = module.startsWith('file:') ? fileURLToPath(module) : resolve(root, module);
  if (!existsSync(path)) throw pipelineGone(run, 'there is no such file');
  return path;
}

export function pipelineGone({ name, pipeline, spec }: RunRecord, reason: string, cause?: unknown): Error {
  return new PipelineGone({ run: name, pipeline, module: spec.module, reason }, cause === undefined ? {} : { cause });
}
