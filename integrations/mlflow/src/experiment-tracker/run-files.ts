import { ArtifactNotFound, isError } from '@mortise/core';
import { isMlflowError, proxiedArtifactPath } from '@mortise/mlflow-client';

import type { FileEvent } from './gather-events.ts';
import { shownName } from './mlflow-names.ts';
import { modelFileOf, modelFileRefusal } from './model-file.ts';
import type { OpenedRun } from './opened-run.ts';
import { presentRun } from './present-run.ts';
import { putFile, type FilePlace } from './put-file.ts';
import { documentFiles, isTable, pathRefusal, TABLES_TAG, withTable } from './run-documents.ts';
import type { RunModels } from './run-models.ts';
import { LONGEST_TAG } from './tag-text.ts';
import { isRefusal, trackerFailure } from './tracker-failure.ts';

export const LACKS_MODELS = 'this MLflow has no logged models, as those before 3.0';

/** Puts the files and documents of a run behind MLflow's artifact proxy. */
export class RunFiles {
  readonly #opened: OpenedRun;
  readonly #models: RunModels;
  /** Below the artifact proxy. */
  readonly #root: string | undefined;
  #lacksModels = false;

  constructor(opened: OpenedRun, models: RunModels) {
    this.#opened = opened;
    this.#models = models;
    this.#root = proxiedArtifactPath(opened.run.artifactUri);
  }

  /** The server turned out to have none. */
  get lacksModels(): boolean {
    return this.#lacksModels;
  }

  /** Why nothing can be uploaded. */
  get noUploads(): string | undefined {
    if (this.#root === undefined)
      return `this MLflow keeps the artifacts of the experiment at ${this.#opened.run.artifactUri}, and not behind its own address (mlflow server --serve-artifacts)`;
    return undefined;
  }

  /** Gives why the event is refused for good. */
  async upload(event: FileEvent, signal: AbortSignal): Promise<string | undefined> {
    const path = event.kind === 'artifact' ? event.path : event.name;
    const odd = pathRefusal(path) ?? (event.kind === 'artifact' ? modelFileRefusal(event) : undefined);
    if (odd !== undefined) return `${shownName(path)} ${odd}`;
    const model = event.kind === 'artifact' ? modelFileOf(event) : undefined;
    const taken = model && this.#models.placeRefusal(model, path);
    if (model !== undefined && taken !== undefined) {
      this.#models.refuse({ ...model, file: path });
      return `${shownName(path)} ${taken}`;
    }
    try {
      await (event.kind === 'artifact' ? this.#uploadArtifact(event, signal) : this.#uploadDocument(event, signal));
      return undefined;
    } catch (error) {
      if (isError(error, ArtifactNotFound) || isRefusal(error)) {
        if (model !== undefined) this.#models.refuse(model);
        return `${shownName(path)} was not uploaded: ${error.message}`;
      }
      throw isMlflowError(error) ? trackerFailure(error) : error;
    }
  }

  async #uploadArtifact(event: FileEvent & { kind: 'artifact' }, signal: AbortSignal): Promise<void> {
    const { client, readArtifact } = this.#opened;
    if (readArtifact === undefined) throw new ArtifactNotFound({ what: event.uri, where: 'nothing can read it here' });
    const place = await this.#placeOf(event, signal);
    // What its own store says of it is thrown as it is.
    await putFile(client, place, readArtifact(event, signal), { size: event.size, signal });
  }

  async #placeOf(event: FileEvent & { kind: 'artifact' }, signal: AbortSignal): Promise<FilePlace> {
    const model = this.#lacksModels ? undefined : modelFileOf(event);
    if (model !== undefined) {
      try {
        return await this.#models.place(model, event.path, signal);
      } catch (error) {
        if (!isMlflowError(error) || error.kind !== 'protocol' || error.status !== 404) throw error;
        // What only stands in the server's place does not know the run either.
        await presentRun(this.#opened.client, this.#opened.run.runId, signal);
        this.#lacksModels = true;
        this.#opened.warn(`${LACKS_MODELS}: their files are artifacts of the run there`);
      }
    }
    return { root: this.#root!, path: event.path };
  }

  async #uploadDocument(event: FileEvent & { kind: 'json' }, signal: AbortSignal): Promise<void> {
    const files = documentFiles(event);
    for (const { path, bytes } of files) await putFile(this.#opened.client, { root: this.#root!, path }, bytes, { signal });
    if (isTable(event)) await this.#showAsTable(files[0]!.path, signal);
  }

  async #showAsTable(path: string, signal: AbortSignal): Promise<void> {
    const { client, run } = this.#opened;
    const { tags } = await presentRun(client, run.runId, signal);
    const text = withTable(tags[TABLES_TAG], path);
    if (text === tags[TABLES_TAG]) return;
    if (text.length <= LONGEST_TAG) await client.setTag(run.runId, TABLES_TAG, text, signal);
    else this.#opened.warn(`MLflow shows no more tables of this run: ${path} is a plain file there`);
  }
}
