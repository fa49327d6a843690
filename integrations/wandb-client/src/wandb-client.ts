import { Connection } from './http/connection.ts';
import { graphql } from './http/graphql.ts';
import { OnlineRun } from './online/online-run.ts';
import { VIEWER } from './online/operations.ts';
import { resumeStatus, type ResumeStatus } from './online/resume-status.ts';
import type { RunStart } from './run-records.ts';
import type { WandbClientOptions } from './wandb-client-options.ts';
import { WandbError } from './wandb-error.ts';
import { appUrlOf, runUrl, type RunPlace } from './wandb-urls.ts';

/** Who a key belongs to. `entity` is where runs go that name none. */
export interface Viewer {
  entity: string;
  username?: string;
  email?: string;
}

/** Weights & Biases, as its own client speaks to it. Fails with `WandbError`. Nothing is tried twice here; everything may be repeated by the caller. */
export class WandbClient {
  readonly appUrl: string;
  readonly #connection: Connection;

  constructor(options: WandbClientOptions) {
    this.#connection = new Connection(options);
    this.appUrl = (options.appUrl ?? appUrlOf(this.#connection.baseUrl)).replace(/\/+$/, '');
  }

  get baseUrl(): string {
    return this.#connection.baseUrl;
  }

  /** Fails with the kind `unauthorized` when the key is none. */
  async viewer(signal?: AbortSignal): Promise<Viewer> {
    const { viewer } = await graphql<{ viewer: { entity?: string; username?: string; email?: string } | null }>(
      this.#connection,
      VIEWER,
      {},
      signal,
    );
    if (viewer?.entity === undefined) throw new WandbError('unauthorized', `${this.#connection.server} does not know this API key`);
    const { entity, username, email } = viewer;
    return { entity, ...(username !== undefined && { username }), ...(email !== undefined && { email }) };
  }

  /** What there is of a run; undefined when there is none. */
  status(place: RunPlace, signal?: AbortSignal): Promise<ResumeStatus | undefined> {
    return resumeStatus(this.#connection, place, signal);
  }

  /**
   * Makes a run of this id, or changes it when there is one: the call may be repeated. `known`, from `status`, says that it is taken up again
   * where it was.
   */
  begin(start: RunStart, known?: ResumeStatus, signal?: AbortSignal): Promise<OnlineRun> {
    return OnlineRun.begin(this.#connection, start, known, signal);
  }

  /** Goes on with a run where it was, as `status` tells of it. */
  attach(place: RunPlace, known: ResumeStatus): OnlineRun {
    return OnlineRun.attach(this.#connection, place, known);
  }

  /** The page of a run. */
  runUrl(place: RunPlace): string {
    return runUrl(this.appUrl, place);
  }
}
