import { NativeElsewhere } from '../../errors.ts';
import { AttemptLog } from '../../tracking/attempt-log.ts';
import type { WrittenRecord } from '../../tracking/event-log-writer.ts';
import type { LoggedEvent } from '../../tracking/experiment-tracker.ts';
import type { AttemptStart, AttemptTracking, SavedFile, TrackerHandle } from '../../tracking/run-tracking.ts';

/** What `activeRun()` writes to in a step process: an event log of its own, and tracker runs that are open elsewhere. */
export class ChildTracking implements AttemptTracking {
  readonly runId: string;
  readonly trackerRuns: readonly RemoteTrackerRun[];
  /** What is printed here, the process of the run hears. */
  readonly keepsOutput = false;
  readonly #log: AttemptLog;

  constructor(
    start: Pick<AttemptStart, 'id' | 'saveFile'>,
    trackerRuns: readonly RemoteTrackerRun[],
    to: { write: (runId: string, event: LoggedEvent) => WrittenRecord; late: () => void },
  ) {
    this.runId = start.id;
    this.trackerRuns = trackerRuns;
    this.#log = new AttemptLog(start, [], to.write, to.late);
  }

  append(event: LoggedEvent): void {
    this.#log.append(event);
  }
  nextStep(name: string, context: string | undefined): number {
    return this.#log.nextStep(name, context);
  }
  saveFile(path: string, body: AsyncIterable<Uint8Array> | Uint8Array, size?: number): Promise<SavedFile> {
    return this.#log.saveFile(path, body, size);
  }
  pending<T>(work: Promise<T>): Promise<T> {
    return this.#log.pending(work);
  }
  settled(): Promise<void> {
    return this.#log.settled();
  }
  /** What is logged from now on is not recorded. */
  end(): void {
    this.#log.end();
  }
}

/** A tracker run that the process of the run has open. */
export class RemoteTrackerRun implements TrackerHandle {
  readonly component: string;
  readonly flavor: string;
  url: string | undefined;
  readonly #ask: (component: string) => Promise<{ env: Record<string, string>; url: string | undefined }>;

  constructor(
    names: { component: string; flavor: string },
    ask: (component: string) => Promise<{ env: Record<string, string>; url: string | undefined }>,
  ) {
    this.component = names.component;
    this.flavor = names.flavor;
    this.#ask = ask;
  }

  /** Without the native handle, which cannot be sent: reading it throws `NativeElsewhere`. */
  async opened(): Promise<{ readonly native: unknown; env: Record<string, string>; url: string | undefined }> {
    const { component } = this;
    const { env, url } = await this.#ask(component);
    this.url = url;
    return {
      env,
      url,
      get native(): unknown {
        throw new NativeElsewhere({ tracker: component });
      },
    };
  }
}
