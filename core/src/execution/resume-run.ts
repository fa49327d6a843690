import { UnknownOption } from '../errors.ts';
import { classPipeline, type PipelineClass } from '../pipeline/class-pipeline.ts';
import { paramValues } from '../pipeline/param-values.ts';
import { isPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import { findProject } from '../project/find-project.ts';
import { openProjectStore } from '../store/project-store.ts';
import type { FinishedRun } from './end-run.ts';
import { findResumable } from './find-resumable.ts';
import { findRunPipeline } from './find-run-pipeline.ts';
import type { RunOptions } from './run-options.ts';
import { runClassPipeline } from './run-class.ts';
import { runPipelineFunction } from './run-pipeline.ts';
import { sweep } from './sweep.ts';

/** How to go on with a run. Its name, stack, experiment and tags stay what they are. */
export interface ResumeOptions extends Omit<RunOptions, 'name' | 'stack' | 'experiment' | 'tags'> {
  /** Default: as this process knows it, or else from the module that defined it. While that is imported, no other run may begin in this process. */
  pipeline?: Pipeline | PipelineClass;
}

/** Options of a run that it keeps. */
export const FIXED_OPTIONS: readonly string[] = ['name', 'stack', 'experiment', 'tags'];

/** See `pipeline/resume.ts`, which loads this when it is called. */
export async function resumeRun(nameOrId: string, { pipeline: given, ...options }: ResumeOptions = {}): Promise<FinishedRun<unknown>> {
  for (const option of FIXED_OPTIONS) if (option in options) throw new UnknownOption({ of: 'resumeRun()', option, known: [] });
  const project = findProject();
  const store = await openProjectStore(project);
  await sweep({ store, project });
  const run = await findResumable(store, nameOrId);
  if (given === undefined) return (await findRunPipeline(run, project.root)).resume(run.id, options) as Promise<FinishedRun<unknown>>;
  if (isPipeline(given)) return runPipelineFunction(given, run.params, options, run);
  const pipeline = classPipeline(given);
  return runClassPipeline(pipeline, paramValues(pipeline, run.params), options, run);
}
