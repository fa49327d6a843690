import { choosePipeline } from '../choose-pipeline.ts';
import { projectCore, withClient } from '../project-core.ts';
import { concurrencyOf, runAndExit } from '../run-and-exit.ts';
import { stepPrinter } from '../step-lines.ts';

/** `mortise runs resume RUN`. Ends the process. */
export async function resumeRun(nameOrId: string, options: { concurrency?: string }): Promise<void> {
  const core = await projectCore();
  const resumeOptions = { onStep: stepPrinter(), ...concurrencyOf(options.concurrency, core), throwOnFailure: false };
  const run = await withClient((client) => client.findResumable(nameOrId));
  const pipeline = await choosePipeline(run.file, run.pipeline, core);
  await runAndExit(pipeline, () => pipeline.resume(run.id, resumeOptions), core);
}
