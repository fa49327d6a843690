import { define } from './define-error.ts';

export const RunNameTaken = define('RUN_NAME_TAKEN', (p: { name: string }) => [
  `a run named "${p.name}" exists already`,
  'Choose another --name.',
]);
export const UnknownRun = define('UNKNOWN_RUN', (p: { run: string; nearest?: string | undefined }) => [
  p.run === 'latest' ? 'there is no run yet' : `no run "${p.run}"`,
  p.nearest === undefined ? '"mortise runs list" shows what there is.' : `Did you mean "${p.nearest}"?`,
]);
export const UnknownStep = define('UNKNOWN_STEP', (p: { run: string; step: string; nearest?: string | undefined }) => [
  `run "${p.run}" has no step "${p.step}"`,
  p.nearest === undefined ? `"mortise runs show ${p.run}" shows its steps.` : `Did you mean "${p.nearest}"?`,
]);
export const RunFailed = define('RUN_FAILED', (p: { run: string; status: string; reason: string }) => [
  `run "${p.run}" ${p.status}: ${p.reason}`,
  `See "mortise runs show ${p.run}".`,
]);
export const OrchestratorBroken = define('ORCHESTRATOR_BROKEN', (p: { flavor: string; reason: string }) => [
  `the orchestrator flavor "${p.flavor}" does not do what an orchestrator is to do: ${p.reason}`,
  'Mend or update the package it comes from.',
]);
export const OrchestratorFailed = define('ORCHESTRATOR_FAILED', (p: { flavor: string; reason: string }) => [
  `the orchestrator flavor "${p.flavor}" could not carry out the plan: ${p.reason}`,
]);
export const StepNotStarted = define('STEP_NOT_STARTED', (p: { step: string; reason: string }) => [
  `step "${p.step}" was not started: ${p.reason}`,
  'Await every step call in run().',
]);
export const StepTimeout = define('STEP_TIMEOUT', (p: { step: string; timeoutMs: number }) => [
  `step "${p.step}" took longer than ${p.timeoutMs} ms`,
]);
export const StepNotLocated = define('STEP_NOT_LOCATED', (p: { pipeline: string; reason: string; advice: string }) => [
  `pipeline "${p.pipeline}" cannot be found again in a child process: ${p.reason}`,
  `${p.advice}, or run it with { isolation: 'inline' }.`,
]);
export const StepProcessNotStarted = define('STEP_PROCESS_NOT_STARTED', (p: { reason: string }) => [
  `no child process could be started for the step: ${p.reason}`,
]);
export const StepProcessDied = define('STEP_PROCESS_DIED', (p: { step: string; how: string; advice?: string | undefined }) => [
  `the process of step "${p.step}" ${p.how}`,
  p.advice,
]);
export const NativeElsewhere = define('NATIVE_ELSEWHERE', (p: { tracker: string }) => [
  `native() of experiment tracker "${p.tracker}" is not there in a child process: its handle lives in the process of the run`,
  "Give the step { isolation: 'inline' }, or log into the same tracker run with the variables of env().",
]);
export const RunKilled = define('RUN_KILLED', (p: { reason: string }) => [`the run was killed (${p.reason})`]);
export const FenceLost = define('FENCE_LOST', (p: { step: string; attempt: number }) => [
  `attempt ${p.attempt} of step "${p.step}" was taken over meanwhile; its outputs were dropped`,
]);
export const RunTakenOver = define('RUN_TAKEN_OVER', (p: { run: string; id: string; status: string }) => [
  `run "${p.run}" is no longer this process's: it was taken for dead while it did not answer (the run is ${p.status} now), so what it still did was dropped`,
  `See "mortise runs show ${p.run}".`,
]);
export const OwnerDied = define('OWNER_DIED', (p: { pid: number; host: string; silentMs?: number; unwritten?: boolean }) => [
  p.unwritten === true
    ? `process ${p.pid} on ${p.host}, which ran it, could not write to the store how it ended`
    : p.silentMs === undefined
      ? `process ${p.pid} on ${p.host}, which ran it, ended without a word`
      : `process ${p.pid} on ${p.host}, which ran it, has not been heard of for ${Math.round(p.silentMs / 1000)} s`,
]);
export const RunUnderWay = define('RUN_UNDER_WAY', (p: { run: string; pid: number; host: string; doing: string }) => [
  `run "${p.run}" cannot be ${p.doing}: process ${p.pid} on ${p.host} is running it`,
  `Wait for its end, or stop it with "mortise runs cancel ${p.run}".`,
]);
/** It cannot be resumed. */
export const RunStackGone = define('RUN_STACK_GONE', (p: { run: string; stack: string; known: string[] }) => [
  `run "${p.run}" cannot be resumed: it began on stack "${p.stack}", and no stack has that name any more`,
  `Run "mortise stack copy NAME ${p.stack}" with the one it is now${p.known.length === 0 ? '' : ` (there are: ${p.known.join(', ')})`}, and resume again.`,
]);
export const RunIsOver = define('RUN_IS_OVER', (p: { run: string; status: string; doing: string }) => [
  `run "${p.run}" cannot be ${p.doing}: it ${p.status === 'completed' ? 'has completed' : `has ended already (${p.status})`}`,
  p.status === 'completed' ? 'There is nothing left to do.' : `Go on with it by "mortise runs resume ${p.run}".`,
]);
export const PipelineGone = define('PIPELINE_GONE', (p: { run: string; pipeline: string; module: string; reason: string }) => [
  `pipeline "${p.pipeline}" of run "${p.run}" cannot be found again in ${p.module}: ${p.reason}`,
  'Put it back where it was, or pass it: resumeRun(name, { pipeline }).',
]);
export const OutputMissing = define('OUTPUT_MISSING', (p: { step: string; output: string; returned: string }) => [
  `step "${p.step}" declares the output "${p.output}", but returned ${p.returned}`,
  'Return an object with every declared output.',
]);
/**
 * `part`: of a value within the output. `path`: it is the file or folder at a path. `store`: the output is right, but the artifact store did not take it; `mend`:
 * what the store says to do about that, if it says it.
 */
export const OutputNotStorable = define(
  'OUTPUT_NOT_STORABLE',
  (p: { step: string; output: string; reason: string; part?: boolean; path?: boolean; store?: boolean; mend?: string }) => [
    `output "${p.output}" of step "${p.step}" cannot be stored: ${p.reason}`,
    p.store === true
      ? `${p.mend ?? 'Check free space and permissions there'}, then go on with "mortise runs resume".`
      : p.part === true
        ? (p.mend ?? 'Return plain data, or make it an output of its own with { outputs } and a materializer.')
        : p.path === true
          ? 'Write it before the step returns: file() takes a file, folder() a folder of files, by a path from the working directory or an absolute one.'
          : 'Return plain data, or register a materializer for it with registerMaterializer().',
  ],
);
/** `lost`: its bytes are missing or damaged. `mend`: what its artifact store says to do about the failure, if it says it. */
export const InputNotLoadable = define(
  'INPUT_NOT_LOADABLE',
  (p: { step: string; input: string; reason: string; lost?: boolean; mend?: string }) => [
    `input "${p.input}" of step "${p.step}" cannot be loaded: ${p.reason}`,
    p.lost === true ? 'Run the pipeline with --no-cache ({ cache: false }) to make it anew.' : p.mend,
  ],
);
export const MapNotArray = define('MAP_NOT_ARRAY', (p: { step: string; input: string; reason: string }) => [
  `step "${p.step}" cannot be mapped over input "${p.input}": ${p.reason}`,
  'Every input of the first object must be an array, all of one length.',
]);
