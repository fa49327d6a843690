import type { AttemptTracking } from '../tracking/run-tracking.ts';
import { MaskedOutput } from './masked-output.ts';
import { reasonOf } from './outcome.ts';
import type { OpenRun } from './open-run.ts';
import { OutputLines } from './output-lines.ts';
import { consoleFile, StepConsole } from './step-console.ts';
import { nameOf, type StepCall } from './step-call.ts';
import type { OutputStream, UserCode } from './user-code.ts';

/** What the code of one attempt does beside returning: a stray error fails the attempt until its outputs are about to be committed, what it prints is kept, and logged for the trackers that keep it. */
export class AttemptCode implements UserCode {
  readonly #run: Pick<OpenRun, 'id' | 'project' | 'warn'>;
  readonly #step: string;
  readonly #attempt: { id: string; stop: AbortController; tracking: Pick<AttemptTracking, 'keepsOutput' | 'append'> };
  readonly #masked = new MaskedOutput();
  #console: StepConsole | undefined;
  #lines: OutputLines | undefined;
  #ended = false;

  constructor(
    run: Pick<OpenRun, 'id' | 'project' | 'warn'>,
    call: Pick<StepCall, 'step' | 'mapIndex'>,
    attempt: { id: string; stop: AbortController; tracking: Pick<AttemptTracking, 'keepsOutput' | 'append'> },
  ) {
    this.#run = run;
    this.#step = nameOf(call);
    this.#attempt = attempt;
  }

  stray(error: unknown): void {
    // A signal would make an error of its own of `undefined`.
    if (!this.#ended) return this.#attempt.stop.abort(error ?? new Error(`threw ${String(error)}`));
    this.#run.warn(`step "${this.#step}" left something running, which failed after it had ended: ${reasonOf(error)}`);
  }

  output(stream: OutputStream, chunk: string | Uint8Array): string | Uint8Array {
    const masked = this.#masked.output(stream, chunk);
    this.#keep(stream, masked);
    return masked;
  }

  /** Nothing that happens from now on changes how the attempt ends. */
  end(): void {
    if (this.#ended) return;
    this.#masked.end((stream, rest) => this.#keep(stream, rest));
    this.#lines?.end();
    this.#ended = true;
    this.#console?.close();
  }

  #keep(stream: OutputStream, chunk: string | Uint8Array): void {
    if (this.#ended || chunk.length === 0) return;
    this.#console ??= this.#open();
    this.#console.write(stream, chunk);
  }

  #open(): StepConsole {
    const { id, project } = this.#run;
    const { tracking } = this.#attempt;
    const warn = (what: string): void => this.#run.warn(what);
    if (tracking.keepsOutput) this.#lines = new OutputLines((event) => tracking.append(event), warn);
    const lines = this.#lines;
    return new StepConsole(
      consoleFile(project.logsFolder, id, this.#attempt.id),
      warn,
      lines && ((stream, text) => lines.add(stream, text)),
    );
  }
}
