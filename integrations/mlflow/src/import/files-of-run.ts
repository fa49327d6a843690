import type { ImportedEvent } from '@mortise/core';
import { proxiedArtifactPath, type ArtifactFile, type MlflowClient, type Run } from '@mortise/mlflow-client';

import type { RunReading } from './events-of-run.ts';

/** Files of a run or of one of its models. */
interface Folder {
  artifactUri: string;
  model?: { name: string; modelId: string };
}

/**
 * The artifacts of a run, and those of its logged models at `<name>/...`, with the type `model`; where there is something of that name already, as an earlier
 * model, at `<name>-<model id>/...`. Only what is behind the server's proxy can be read.
 */
export async function* filesOfRun(
  client: MlflowClient,
  run: Run,
  { signal, warn, at }: RunReading & { at: number },
): AsyncGenerator<ImportedEvent, void, undefined> {
  const taken = new Set<string>();
  for await (const { artifactUri, model } of foldersOf(client, run, signal)) {
    const root = proxiedArtifactPath(artifactUri);
    if (root === undefined) {
      warn(`its files are not imported: they are at ${artifactUri}, and not behind the server`, { id: run.runId, name: run.runName });
      continue;
    }
    const prefix = model === undefined ? '' : `${taken.has(model.name) ? `${model.name}-${model.modelId}` : model.name}/`;
    for await (const file of filesIn((folder) => client.artifacts.list([root, ...folder].join('/'), { signal }))) {
      const path = prefix + file;
      taken.add(path.split('/', 1)[0]!);
      yield {
        at,
        kind: 'artifact',
        path,
        ...(model && { type: 'model' }),
        read: (stop) => client.artifacts.get(`${root}/${file}`, { signal: stop }),
      };
    }
  }
}

async function* foldersOf(client: MlflowClient, run: Run, signal: AbortSignal): AsyncGenerator<Folder, void, undefined> {
  // Where nothing is, its place need not be behind the server.
  if ((await client.listArtifacts(run.runId, undefined, signal)).files.length > 0) yield { artifactUri: run.artifactUri };
  for (const modelId of new Set(run.modelOutputs.map((output) => output.modelId))) {
    const model = await client.getLoggedModel(modelId, signal);
    if (model !== undefined) yield { artifactUri: model.artifactUri, model };
  }
}

/** Paths of all files below a folder. Names in a listing are those in the folder that is listed. */
async function* filesIn(
  list: (folder: readonly string[]) => Promise<ArtifactFile[]>,
  folder: readonly string[] = [],
): AsyncGenerator<string, void, undefined> {
  for (const { path, isDir } of await list(folder)) {
    const whole = [...folder, path];
    if (isDir) yield* filesIn(list, whole);
    else yield whole.join('/');
  }
}
