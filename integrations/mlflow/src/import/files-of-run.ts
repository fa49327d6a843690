import type { ImportedEvent } from '@mortise/core';
import {
  artifactPathFlaw,
  isMlflowError,
  proxiedArtifactPath,
  type ArtifactFile,
  type MlflowClient,
  type MlflowErrorKind,
  type Run,
} from '@mortise/mlflow-client';

import { begun } from '../artifact-store/begun.ts';
import { repeated } from '../artifact-store/repeated.ts';
import type { RunReading } from './events-of-run.ts';
import { hasMoreThanFiles, OF_MODELS } from './left-behind.ts';

/** Paths that a warning names, of those that are not imported. */
const NAMED = 5;

/** There is no way to restore one. */
const MODEL_DELETED = 'logged models of it that were deleted are not imported: MLflow brings none back';

/** Of a server that fails at what lies elsewhere, gives no answer in time, or is cut off by what watches over its time. */
const NO_ACCESS: readonly MlflowErrorKind[] = ['server', 'timeout', 'unreachable'];

/** Files of a run or of one of its models. */
interface Folder {
  artifactUri: string;
  model?: { name: string; modelId: string };
}

/**
 * The artifacts of a run, and those of its logged models at `<name>/...`, with the type `model`; where there is something of that name already, as an earlier
 * model, at `<name>-<model id>/...`. Only what is behind the server's proxy can be read, and of that nothing whose path the proxy refuses or decodes twice,
 * however it is asked for: who wrote to its storage past it may have left such.
 */
export async function* filesOfRun(
  client: MlflowClient,
  run: Run,
  { at, ...reading }: RunReading & { at: number },
): AsyncGenerator<ImportedEvent, void, undefined> {
  const { signal, warn } = reading;
  const of = { id: run.runId, name: run.runName };
  const taken = new Set<string>();
  const unreached: string[] = [];
  for await (const { artifactUri, model } of foldersOf(client, run, reading)) {
    const root = proxiedArtifactPath(artifactUri);
    if (root === undefined) {
      warn(`its files are not imported: they are at ${placeOf(artifactUri)}, and not behind the server`, of);
      continue;
    }
    const prefix = model === undefined ? '' : `${taken.has(model.name) ? `${model.name}-${model.modelId}` : model.name}/`;
    const isReached = (path: string): boolean => {
      const can = artifactPathFlaw(`${root}/${path}`) === undefined;
      if (!can) unreached.push(prefix + path);
      return can;
    };
    const list = (folder: readonly string[]) => repeated(() => client.artifacts.list([root, ...folder].join('/'), { signal }), signal);
    for await (const file of filesIn(list, isReached)) {
      const path = prefix + file;
      taken.add(path.split('/', 1)[0]!);
      yield {
        at,
        kind: 'artifact',
        path,
        ...(model && { type: 'model' }),
        read: (stop) => bytesOf(client, `${root}/${file}`, stop),
      };
    }
  }
  if (unreached.length > 0) warn(`${whatIsNot(unreached)} not imported, as MLflow refuses or changes ${listed(unreached)}`, of);
}

/** As long as nothing of them came they are asked for again; later the file might be another one. */
async function* bytesOf(client: MlflowClient, path: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  yield* await repeated(() => begun(client.artifacts.get(path, { signal })), signal);
}

function whatIsNot({ length }: readonly string[]): string {
  return length === 1 ? 'a file or folder is' : `${length.toLocaleString('en')} files or folders are`;
}

function listed(paths: readonly string[]): string {
  const named = paths.slice(0, NAMED).map((path) => JSON.stringify(path));
  const more = paths.length > NAMED ? ` and ${(paths.length - NAMED).toLocaleString('en')} more` : '';
  return `${paths.length === 1 ? 'its path' : 'their paths'}: ${named.join(', ')}${more}`;
}

async function* foldersOf(client: MlflowClient, run: Run, reading: RunReading): AsyncGenerator<Folder, void, undefined> {
  const { signal, warn } = reading;
  // Where nothing is, its place need not be behind the server.
  if (await mayHaveFiles(client, run, reading)) yield { artifactUri: run.artifactUri };
  for (const modelId of new Set(run.modelOutputs.map((output) => output.modelId))) {
    const model = await repeated(() => client.getLoggedModel(modelId, signal), signal);
    const of = { id: run.runId, name: run.runName };
    if (model === undefined) warn(MODEL_DELETED, of);
    else {
      if (hasMoreThanFiles(model, run)) warn(OF_MODELS, of);
      yield { artifactUri: model.artifactUri, model };
    }
  }
}

/** A server may have no access to where programs upload themselves, or wait for it in vain: that is no reason to leave the run there. */
async function mayHaveFiles(client: MlflowClient, { runId, artifactUri }: Run, { signal, silent }: RunReading): Promise<boolean> {
  const isBehind = proxiedArtifactPath(artifactUri) !== undefined;
  const place = placeOf(artifactUri);
  if (silent.has(place)) return true;
  try {
    return (await repeated(() => client.listArtifacts(runId, undefined, signal), signal)).files.length > 0;
  } catch (error) {
    if (isBehind || !isMlflowError(error) || !NO_ACCESS.includes(error.kind)) throw error;
    if (error.kind !== 'server') silent.add(place);
    return true;
  }
}

/** Of all runs of the experiment, as far as it has a place of its own. */
function placeOf(artifactUri: string): string {
  return artifactUri.replace(/(?:\/models)?\/[^/]+\/artifacts\/?$/, '');
}

/** Paths of all files below a folder, but for those, and those in folders, that cannot be asked for. Names in a listing are those in the folder that is listed. */
async function* filesIn(
  list: (folder: readonly string[]) => Promise<ArtifactFile[]>,
  isReached: (path: string) => boolean,
  folder: readonly string[] = [],
): AsyncGenerator<string, void, undefined> {
  for (const { path, isDir } of await list(folder)) {
    const whole = [...folder, path];
    if (!isReached(whole.join('/'))) continue;
    if (isDir) yield* filesIn(list, isReached, whole);
    else yield whole.join('/');
  }
}
