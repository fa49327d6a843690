import type { Json } from '@mortise/core';
import { proxiedArtifactPath, type LoggedModel, type MlflowClient, type Run } from '@mortise/mlflow-client';

import { filterText } from './filter-text.ts';
import { isOfTwoFolders, isOfTwoPaths, MLMODEL, mlmodelText, modelFolderOf, type ModelFile } from './model-file.ts';
import { shownName } from './mlflow-names.ts';
import type { FilePlace } from './put-file.ts';
import { KEY_TAG } from './run-tags.ts';

/** A logged model of a run, as far as another process needs to know. */
interface RunModel {
  id: string;
  uri: string;
  /** It has a description of its own, logged by the user. */
  described?: true;
  /** MLflow has been told that all files are there, or not; or it has been deleted there. */
  ready?: true;
  /** Files that were refused. */
  missing?: string[];
  /** Of files that artifacts of two paths may be: which it is. */
  paths?: Record<string, string>;
  /** Where models of two folders may have its name: whose it is. */
  folder?: string;
}

/** The logged models of one run: made with their first file, ready when the run ends. */
export class RunModels {
  readonly #client: MlflowClient;
  readonly #run: Pick<Run, 'runId' | 'experimentId'>;
  readonly #key: string;
  readonly #models: Map<string, RunModel>;

  /** `state` as `state` gave it, perhaps in another process. */
  constructor(client: MlflowClient, run: Pick<Run, 'runId' | 'experimentId'>, { key, state }: { key: string; state: Json | undefined }) {
    this.#client = client;
    this.#run = run;
    this.#key = key;
    const { models = {} } = (state ?? {}) as { models?: Record<string, RunModel> };
    this.#models = new Map(Object.entries(models));
  }

  /** For the ref of the tracker run; undefined without any model. */
  get state(): Json | undefined {
    if (this.#models.size === 0) return undefined;
    return { models: Object.fromEntries(Array.from(this.#models, ([name, model]) => [name, { ...model }])) };
  }

  /** Why an artifact can have no place in the model, in words that follow its path: another one has it. */
  placeRefusal({ model: name, file }: ModelFile, path: string): string | undefined {
    const { paths = {}, folder } = this.#models.get(name) ?? {};
    if (folder !== undefined && folder !== modelFolderOf(path))
      return `cannot be in the model "${name}": that has the files of ${shownName(folder)}, and both names are "${name}" at MLflow`;
    if (Object.hasOwn(paths, file) && paths[file] !== path)
      return `cannot be beside ${shownName(paths[file]!)}: both would be ${file} in the model "${name}"`;
    return undefined;
  }

  /** Where a file of a model goes, below the artifact proxy. `path`: of the artifact. */
  async place(at: ModelFile, path: string, signal: AbortSignal): Promise<FilePlace> {
    const { model: name, file } = at;
    const there = this.#models.get(name) ?? (await this.#findOrCreate(name, signal));
    const { id, uri, described, missing, paths } = there;
    const others = missing?.filter((other) => other !== file);
    const isDescribed = described === true || file === MLMODEL;
    const known = isOfTwoPaths(at) ? { ...paths, [file]: path } : paths;
    this.#models.set(name, {
      ...{ id, uri, ...(isDescribed && { described: true }), ...(others?.length && { missing: others }), ...(known && { paths: known }) },
      ...(isOfTwoFolders(at) && { folder: there.folder ?? modelFolderOf(path) }),
    });
    return { root: proxiedArtifactPath(uri)!, path: file };
  }

  /** A file was refused that has, or might have had, a place: without it the model is not what was logged. */
  refuse({ model: name, file }: ModelFile): void {
    const model = this.#models.get(name);
    if (model !== undefined) this.#models.set(name, { ...model, missing: [...(model.missing ?? []), file] });
  }

  /** The run has ended, so all files are there that come. Gives the names of models that somebody has deleted: those are left alone. */
  async finish(savedAt: number, signal: AbortSignal): Promise<string[]> {
    const deleted: string[] = [];
    for (const [name, model] of this.#models) {
      if (model.ready === true) continue;
      if (await this.#isThere(model, signal)) await this.#finish(model, savedAt, signal);
      else deleted.push(name);
      this.#models.set(name, { ...model, ready: true });
    }
    return deleted;
  }

  /** Most calls take a deleted model as if it were there; to make it a version fails as if the server were ill, for ever. */
  async #isThere({ id }: RunModel, signal: AbortSignal): Promise<boolean> {
    return (await this.#client.getLoggedModel(id, signal)) !== undefined;
  }

  async #finish({ id, uri, described, missing }: RunModel, savedAt: number, signal: AbortSignal): Promise<void> {
    const { runId } = this.#run;
    if (described !== true) {
      const text = mlmodelText({ modelId: id, runId, artifactUri: uri, savedAt });
      await this.#client.artifacts.put(`${proxiedArtifactPath(uri)!}/${MLMODEL}`, new TextEncoder().encode(text), { signal });
    }
    await this.#client.finalizeLoggedModel(id, missing === undefined ? 'LOGGED_MODEL_READY' : 'LOGGED_MODEL_UPLOAD_FAILED', signal);
    await this.#client.logOutputs(runId, [{ modelId: id }], signal);
  }

  /**
   * Makes the model a version of a registered one, once. Which of several is meant: the one that is called `model`. Gives the version, or why there is
   * none.
   */
  async register(name: string, signal: AbortSignal): Promise<{ version: string } | { why: string }> {
    const names = [...this.#models.keys()];
    if (names.length === 0) return { why: 'it logged no model' };
    const which = names.length === 1 ? names[0]! : 'model';
    const model = this.#models.get(which);
    if (model === undefined) return { why: `of ${names.length} models (${names.join(', ')}) none is called "model"` };
    if (model.missing !== undefined) return { why: `its file ${shownName(model.missing[0]!)} was not uploaded` };
    if (!(await this.#isThere(model, signal))) return { why: `its model ${shownName(which)} was deleted at MLflow` };
    return { version: await this.#version(name, model, signal) };
  }

  /** Gives a version an alias, unless a later version has it: that came from another run, while this one was still to be told. */
  async alias(name: string, alias: string, version: string, signal: AbortSignal): Promise<void> {
    const holder = await this.#client.getModelVersionByAlias(name, alias, signal);
    if (holder === undefined || Number(holder.version) < Number(version))
      await this.#client.setRegisteredModelAlias(name, alias, version, signal);
  }

  async #version(name: string, { id }: RunModel, signal: AbortSignal): Promise<string> {
    if ((await this.#client.getRegisteredModel(name, signal)) === undefined) await this.#createRegistered(name, signal);
    const { runId } = this.#run;
    const filter = `name = ${filterText(name)} and run_id = ${filterText(runId)}`;
    const { versions } = await this.#client.searchModelVersions({ filter }, signal);
    // The server does not keep the model's id beside its source.
    const source = `models:/${id}`;
    const known = versions.find((version) => version.source === source);
    if (known !== undefined) return known.version;
    const tags = { [KEY_TAG]: this.#key };
    return (await this.#client.createModelVersion({ name, source, runId, modelId: id, tags }, signal)).version;
  }

  async #createRegistered(name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#client.createRegisteredModel(name, {}, signal);
    } catch (error) {
      if ((await this.#client.getRegisteredModel(name, signal)) === undefined) throw error;
    }
  }

  async #findOrCreate(name: string, signal: AbortSignal): Promise<RunModel> {
    const { runId, experimentId } = this.#run;
    const filter = `name = ${filterText(name)} AND source_run_id = ${filterText(runId)}`;
    const { models } = await this.#client.searchLoggedModels({ experimentIds: [experimentId], filter }, signal);
    const found = models.sort(byAge)[0];
    const tags = { [KEY_TAG]: this.#key };
    const model =
      found ?? (await this.#client.createLoggedModel({ experimentId, name, sourceRunId: runId, modelType: 'model', tags }, signal));
    return { id: model.modelId, uri: model.artifactUri };
  }
}

function byAge(a: LoggedModel, b: LoggedModel): number {
  return a.creationTime - b.creationTime || (a.modelId < b.modelId ? -1 : 1);
}
