import { consoleLine } from '../execution/step-console.ts';
import { redactEvent } from '../secrets/redaction.ts';
import { encodeLine } from '../tracking/event-log-line.ts';
import type { LoggedEvent } from '../tracking/experiment-tracker.ts';
import { StagedFile, stagedOf } from './staged-file.ts';

/** The step run whose events a log holds, and who is said to have written them. */
export interface StagedOrigin {
  runId: string;
  writer: string;
}

/** Where the files of an imported step run belong. */
export interface StagedPlaces {
  log: string;
  console: string;
}

/** The event log of an imported step run, and its console file if it printed anything: for people, and for when the log is gone. */
export class StagedLog {
  readonly #logsFolder: string;
  readonly #origin: StagedOrigin;
  readonly #log: StagedFile;
  #console: StagedFile | undefined;
  #seq = 0;

  private constructor(logsFolder: string, origin: StagedOrigin, log: StagedFile) {
    this.#logsFolder = logsFolder;
    this.#origin = origin;
    this.#log = log;
  }

  static async create(logsFolder: string, origin: StagedOrigin): Promise<StagedLog> {
    return new StagedLog(logsFolder, origin, await StagedFile.create(logsFolder, origin.runId));
  }

  /** Whether another import of the same run is under way in this project. */
  get hasRival(): boolean {
    const own = [this.#log.path, this.#console?.path];
    return stagedOf(this.#logsFolder, this.#origin.runId).some((path) => !own.includes(path));
  }

  /** Values of secrets are masked. Where a promise is given, the next event is to wait for it. */
  append(given: LoggedEvent, at: number): Promise<void> | undefined {
    const event = redactEvent(given);
    const written = this.#log.append(encodeLine({ ...this.#origin, seq: ++this.#seq, at }, event));
    return event.kind === 'log' ? this.#print(event, at, written) : written;
  }

  /** Brings all to the disk, and to its place. It stays staged, as a sign of life, until it is discarded. */
  async close(to: StagedPlaces): Promise<void> {
    await this.#console?.close(to.console);
    await this.#log.close(to.log);
  }

  /** What `close` has brought to its place stays there. */
  async discard(): Promise<void> {
    await this.#console?.discard();
    await this.#log.discard();
  }

  async #print({ stream, text }: LoggedEvent & { kind: 'log' }, at: number, written: Promise<void> | undefined): Promise<void> {
    await written;
    this.#console ??= await StagedFile.create(this.#logsFolder, this.#origin.runId);
    await this.#console.append(consoleLine({ at, stream, text: text.endsWith('\n') ? text : `${text}\n` }));
  }
}
