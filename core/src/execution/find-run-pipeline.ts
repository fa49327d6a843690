import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { guardRuns, pipelinesOfFile, type FilePipeline } from '../client/file-pipelines.ts';
import { isMortiseError } from '../errors.ts';
import { findPipeline } from '../pipeline/registry.ts';
import type { RunRecord } from '../store/run-data.ts';
import { moduleOf, pipelineGone } from './find-resumable.ts';
import { reasonOf } from './outcome.ts';

/**
 * The pipeline of a run, as it is now: as this process knows it, or else by importing the module that defined it. While that is imported, a top-level
 * `run()` does not run.
 * @throws PipelineGone
 */
export async function findRunPipeline(run: RunRecord, root: string): Promise<FilePipeline> {
  const module = pathToFileURL(moduleOf(run, root)).href;
  const known = run.spec.style === 'function' && findPipeline(module, run.pipeline) !== undefined;
  const { exports, nominations } = known ? { exports: {}, nominations: [] } : await importGuarded(run, module);
  const found = pipelinesOfFile({ module, exports, nominations }).find(({ name }) => name === run.pipeline);
  if (found === undefined) throw pipelineGone(run, 'it is neither defined there any more nor exported');
  return found;
}

async function importGuarded(
  run: RunRecord,
  module: string,
): Promise<Pick<Parameters<typeof pipelinesOfFile>[0], 'exports' | 'nominations'>> {
  const guard = guardRuns();
  const stuck = Promise.withResolvers<never>();
  const giveUp = (): void => stuck.reject(pipelineGone(run, 'its top level does not come to an end'));
  process.once('beforeExit', giveUp);
  try {
    // A file that awaits its own `run()` never ends its import.
    const nominated = guard.first.then(() => setImmediate({}));
    const exports = (await Promise.race([import(module), nominated, stuck.promise])) as Record<string, unknown>;
    return { exports, nominations: guard.nominations };
  } catch (cause) {
    throw isMortiseError(cause) ? cause : pipelineGone(run, reasonOf(cause), cause);
  } finally {
    process.off('beforeExit', giveUp);
    guard.lift();
  }
}
