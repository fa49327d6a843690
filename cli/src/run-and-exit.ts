import type { FilePipeline, PipelineRun, RunOptions, TrackerWait } from '@mortise/core/client';
import { commandIsOver, isStray, outputTaken } from './command-end.ts';
import { count } from './count.ts';
import { firstLine } from './first-line.ts';
import { durationBetween } from './format-duration.ts';
import { isThrownByUser, placedReason } from './import-file.ts';
import { watchInterrupts } from './interrupts.ts';
import { tellLostOutput } from './lost-output.ts';
import { paintStatus, printLine } from './print.ts';
import type { Core } from './project-core.ts';
import { reportError } from './report-error.ts';
import { failuresText, metricsTable, stepsTable, trackerTable } from './run-tables.ts';
import { isVerbose } from './verbose.ts';
import { watchSteps } from './watch-steps.ts';

/** Starts a run, which is to tell of its steps and what it waits for, and not to throw when it fails. */
type Start = (options: Pick<RunOptions, 'onStep' | 'onTrackerWait' | 'throwOnFailure'>) => Promise<PipelineRun>;

/** Runs a pipeline (`start`), prints what became of it, and ends the process: what the user's file left running must not keep it. */
export async function runAndExit(pipeline: FilePipeline, start: Start, core: Core): Promise<never> {
  const interrupts = watchInterrupts();
  const steps = await watchSteps();
  let isOver = false;
  let began = false;
  commandIsOver();
  const onStep: typeof steps.onStep = (...event) => {
    began = true;
    steps.onStep(...event);
  };
  process.on('exit', (code) => {
    steps.close();
    if (isOver || isStray()) return;
    if (interrupts.signal !== undefined && code > 128) {
      process.stderr.write(`a second signal ended the process before the run was over: ${HOW_FAR}\n`);
      return;
    }
    // What Node ends with when nothing is left that could go on.
    const waits = code === 13;
    process.exitCode = waits ? 1 : code || 1;
    process.stderr.write(
      began
        ? `the code of a step ${waits ? 'waits for what never comes' : 'ended the process'} before the run was over: ${HOW_FAR}\n`
        : "error ENDED_EARLY: the pipeline's file or a flavor of its stack ended the process before any step began. It is to leave process.exit() alone.\n",
    );
  });
  let exitCode: number;
  try {
    const finished = await runToItsEnd(pipeline, () => start({ onStep, onTrackerWait, throwOnFailure: false }), core);
    isOver = true;
    steps.close();
    printLine(summary(finished));
    exitCode = exitCodeOf(finished, interrupts.signal);
  } catch (error) {
    isOver = true;
    steps.close();
    exitCode = reportError(error, { verbose: isVerbose() });
  }
  await outputTaken();
  process.exit(tellLostOutput(exitCode));
}

const HOW_FAR = '"mortise runs show latest" tells how far it came';

function onTrackerWait({ tracker, events, trackerRuns }: TrackerWait): void {
  const what = events > 0 ? count(events, 'event') : count(trackerRuns, 'tracker run');
  printLine(`waiting for experiment tracker "${tracker}": ${what} to go`);
}

/** The number that `--concurrency` gives. */
export function concurrencyOf(text: string | undefined, { BadUsage }: Core): { concurrency?: number } {
  if (text === undefined) return {};
  const concurrency = Number(text);
  if (Number.isInteger(concurrency) && concurrency >= 1) return { concurrency };
  throw new BadUsage({ what: `--concurrency is to be a whole number from 1, not "${text}"` });
}

/** A user's body may throw anything before a step runs: that is a mistake in the file, not one of ours. */
async function runToItsEnd(pipeline: FilePipeline, start: () => Promise<PipelineRun>, core: Core): Promise<PipelineRun> {
  try {
    return await start();
  } catch (error) {
    if (core.isMortiseError(error) || !isThrownByUser(error)) throw error;
    throw new core.PipelineBroken({ pipeline: pipeline.name, reason: placedReason(error) }, { cause: error });
  }
}

function summary(run: PipelineRun): string {
  const head = `run ${run.name}  ${paintStatus(run.status)} in ${durationBetween(run.startedAt, run.endedAt)}`;
  const reasons = [...(run.error === null ? [] : [firstLine(run.error.message)]), ...run.warnings.map((warning) => `warning: ${warning}`)];
  const failures = isVerbose() ? failuresText(run) : undefined;
  const tables = [stepsTable(run), metricsTable(run), trackerTable(run), failures].filter((part) => part !== undefined);
  return ['', ...tables.map((part) => `${part}\n`), [head, ...reasons].join('\n')].join('\n');
}

function exitCodeOf({ status }: PipelineRun, signal: NodeJS.Signals | undefined): number {
  if (status === 'completed') return 0;
  if (status === 'killed' && signal !== undefined) return signal === 'SIGINT' ? 130 : 143;
  return 1;
}
