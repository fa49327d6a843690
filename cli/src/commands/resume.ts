import { choosePipeline } from '../choose-pipeline.ts';
import { projectCore, withClient } from '../project-core.ts';
import { concurrencyOf, runAndExit } from '../run-and-exit.ts';

/** `mortise runs resume RUN`. Ends the process. */
export async function resumeRun(nameOrId: string, options: { concurrency?: string }): Promise<void> {
  const core = await projectCore();
  const resumeOptions = concurrencyOf(options.concurrency, core);
  const run = await withClient((client) => client.findResumable(nameOrId));
  const pipeline = await choosePipeline(run.file, run.pipeline, core);
  await runAndExit(pipeline, (watched) => pipeline.resume(run.id, { ...resumeOptions, ...watched }), core);
}
