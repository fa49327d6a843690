import { getHeapStatistics } from 'node:v8';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

import type { StepSpec } from '../../pipeline/pipeline-spec.ts';
import { keepSecret } from '../../secrets/kept-secrets.ts';
import { processLog } from '../../stack/logger.ts';
import { makeResolvedComponent } from '../../stack/make-component.ts';
import { EventLogWriter } from '../../tracking/event-log-writer.ts';
import type { LoggedEvent } from '../../tracking/experiment-tracker.ts';
import { AttemptStop } from '../attempt-stop.ts';
import { executeInline, type StepSurroundings } from '../execute-inline.ts';
import { saverOfLogged } from '../save-logged.ts';
import type { StepInput } from '../step-call.ts';
import { callUserCode, watchUserCode } from '../user-code.ts';
import { ChildTracking, RemoteTrackerRun } from './child-tracking.ts';
import { StoredInputs } from './load-stored.ts';
import { locateCode, type StepLocator } from './locate-code.ts';
import type { FromChild, Preparation, SentToRun, StepTask, ToChild, TrackerRunAnswer } from './protocol.ts';
import { receiveError, sendError } from './sent-error.ts';

/** At most one message of this time says that something was logged, ms. */
const LOGGED_MS = 50;

/** Serves the process that started this one: prepares once, then runs one step after the other. `watch` ends this process with its parent. */
export function serveSteps({ watch }: { watch: (parent: number) => void }): void {
  const log = processLog();
  const server = new StepServer(send, (what) => log.warn(what));
  process.on('message', (message: ToChild) => {
    if (message.kind === 'prepare')
      void server.prepare(message).then(
        () => {
          send({ kind: 'ready', heapLimitMb: Math.round(getHeapStatistics().heap_size_limit / 2 ** 20) });
          watch(message.parent);
        },
        (error: unknown) => send({ kind: 'unprepared', error: sendError(error) }),
      );
    else if (message.kind === 'secrets') for (const value of message.values) keepSecret(value);
    else server.receive(message);
  });
  process.on('disconnect', () => process.exit());
  // They are sent to all processes of a terminal or a service: the process of the run decides, and says so.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  // Whoever read our output may be gone: then the channel is about to close too.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => undefined);
    writeAtOnce(stream);
  }
  watchUserCode();
}

/** Code that calls `process.exit()` waits for nothing: what a full pipe had not taken by then would be lost. Whoever reads this one always does. */
function writeAtOnce(stream: NodeJS.WriteStream): void {
  const { _handle: handle } = stream as { _handle?: { setBlocking?(on: boolean): unknown } };
  handle?.setBlocking?.(true);
}

function send(message: FromChild): void {
  // The channel is closed when the parent is gone: nobody is left to hear anything.
  if (process.connected) process.send!({ mortise: message } satisfies SentToRun, undefined, undefined, () => undefined);
}

/** What a step process is prepared with. */
interface Prepared {
  /** Process id of the run's process. */
  parent: number;
  run: StepSurroundings;
  locate: StepLocator;
  inputs: StoredInputs;
  events: EventLogWriter;
}

/** The attempt that runs. */
interface Current {
  task: StepTask;
  stop: AttemptStop;
  tracking: ChildTracking;
}

class StepServer {
  readonly #send: (message: FromChild) => void;
  readonly #warn: (what: string) => void;
  #prepared: Prepared | undefined;
  #current: Current | undefined;
  #requests: PromiseWithResolvers<TrackerRunAnswer>[] = [];
  #saidLoggedAt = 0;
  #loggedTimer: NodeJS.Timeout | undefined;

  constructor(send: (message: FromChild) => void, warn: (what: string) => void) {
    this.#send = send;
    this.#warn = warn;
  }

  /** Throws `StepNotLocated`, and what making the artifact store does. */
  async prepare({ parent, origin, run, project, artifactStore: { part, descriptor }, log }: Preparation): Promise<void> {
    enableCompileCache(join(project.cacheFolder, 'code'));
    // One after the other: a module that is loaded by require() may not need one that is being imported.
    const artifactStore = await makeResolvedComponent(part, descriptor, { project, log: processLog() });
    const locate = await locateCode(origin);
    const events = new EventLogWriter(log.folder, log.writer);
    const surroundings = { ...run, plan: { pipeline: run.pipeline }, stack: { artifactStore } };
    this.#prepared = { parent, run: surroundings, locate, inputs: new StoredInputs(artifactStore), events };
  }

  receive(message: Exclude<ToChild, Preparation | { kind: 'secrets' }>): void {
    if (message.kind === 'step') void this.#run(message, this.#prepared!);
    else if (message.kind === 'opened') this.#requests[message.request]?.resolve(message.answer);
    else if (message.id !== this.#current?.task.id) return;
    else if (message.kind === 'abort') this.#abort(this.#current, receiveError(message.reason));
    else this.#current.tracking.trackerRuns.find(({ component }) => component === message.component)!.url = message.url;
  }

  /** The attempt has ended already where the run is: what it logs from now on is nobody's. */
  #abort({ stop, tracking }: Current, reason: unknown): void {
    stop.abort(reason);
    tracking.end();
  }

  async #run(task: StepTask, prepared: Prepared): Promise<void> {
    const stop = new AttemptStop();
    const tracking = this.#trackingOf(task, prepared, stop.signal);
    this.#current = { task, stop, tracking };
    let answer: FromChild;
    try {
      const { id, attempt, step, mapIndex, intents } = task;
      takeOver(task.env);
      const call = { step: untimed(step), mapIndex, code: prepared.locate(task), inputs: inputsOf(task, prepared.inputs) };
      const { outputs, undeclared } = await this.#guarded(task, () =>
        executeInline(prepared.run, call, { id, attempt, intents, stop, tracking }),
      );
      answer = { kind: 'done', id: task.id, versions: outputs.map(({ version }) => version), undeclared };
    } catch (error) {
      answer = { kind: 'failed', id: task.id, error: sendError(error) };
    }
    tracking.end();
    this.#current = undefined;
    clearTimeout(this.#loggedTimer);
    this.#loggedTimer = undefined;
    await printed();
    this.#send(answer);
  }

  /** An error where nobody can catch it fails the step while that runs, and is a warning of the run after it. */
  #guarded<T>({ id, step }: StepTask, execute: () => Promise<T>): Promise<T> {
    const end = Promise.withResolvers<T>();
    const stray = (error: unknown): void => {
      if (this.#current?.task.id !== id) return this.#send({ kind: 'stray', step: step.id, error: sendError(error) });
      end.reject(error);
      // What the step still does is to end too: this process goes on with other steps.
      this.#current.stop.abort(error);
    };
    callUserCode({ stray }, execute).then(end.resolve, end.reject);
    return end.promise;
  }

  #trackingOf(task: StepTask, { parent, run, events }: Prepared, signal: AbortSignal): ChildTracking {
    const { id, step, trackerRuns } = task;
    const runs = trackerRuns.map((names) => new RemoteTrackerRun(names, (component) => this.#ask(id, component)));
    const saveFile = saverOfLogged(run.stack.artifactStore, { pipeline: run.plan.pipeline, stepRunId: id }, signal);
    const write = (runId: string, event: LoggedEvent) => {
      endWithout(parent);
      const written = events.append(runId, event);
      endWithout(parent);
      this.#sayLogged();
      return written;
    };
    const late = (): void => this.#warn(`step "${step.id}" logged something after it had ended: that is not recorded`);
    return new ChildTracking({ id, saveFile }, runs, { write, late });
  }

  /** Says at once that there is something to read, so that a step that never pauses is followed too, and then at most so often. */
  #sayLogged(): void {
    const wait = this.#saidLoggedAt + LOGGED_MS - Date.now();
    if (wait > 0) {
      this.#loggedTimer ??= setTimeout(() => this.#sayNow(), wait).unref();
      return;
    }
    this.#sayNow();
  }

  #sayNow(): void {
    clearTimeout(this.#loggedTimer);
    this.#loggedTimer = undefined;
    this.#saidLoggedAt = Date.now();
    this.#send({ kind: 'logged' });
  }

  async #ask(id: string, component: string): Promise<{ env: Record<string, string>; url: string | undefined }> {
    const request = Promise.withResolvers<TrackerRunAnswer>();
    this.#send({ kind: 'open', request: this.#requests.push(request) - 1, id, component });
    const answer = await request.promise;
    if ('error' in answer) throw receiveError(answer.error);
    return answer;
  }
}

/**
 * Ends this process at once if that of the run is gone: whoever finds that dead reads this one's log to its end, and nobody what is written after that. So
 * it is looked again before a call that logs returns.
 */
function endWithout(parent: number): void {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}

/** Resolves when what was printed so far has left this process: a full pipe takes the rest of a write later. */
async function printed(): Promise<void> {
  for (const stream of [process.stdout, process.stderr])
    if (stream.writableLength > 0 && !stream.destroyed) await new Promise((resolve) => stream.write('', resolve));
}

/** Its time is kept where the run is, which ends this process with it. */
function untimed(step: StepSpec): StepSpec {
  const { timeoutMs: _, ...options } = step.options;
  return { ...step, options };
}

function takeOver(env: StepTask['env']): void {
  for (const [name, value] of Object.entries(env))
    if (value === null) delete process.env[name];
    else process.env[name] = value;
}

function inputsOf(task: StepTask, stored: StoredInputs): Record<string, Pick<StepInput, 'load'>> {
  return Object.fromEntries(Object.entries(task.inputs).map(([name, input]) => [name, { load: () => stored.load(input) }]));
}
