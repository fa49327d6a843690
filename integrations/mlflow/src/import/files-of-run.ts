import type { ImportedEvent } from '@mortise/core';
import { proxiedArtifactPath, type ArtifactFile, type MlflowClient, type Run } from '@mortise/mlflow-client';

import type { RunReading } from './events-of-run.ts';

/** Files of a run or of one of its models. */
interface Folder {
  artifactUri: string;
  /** Before their paths: the name of the model. */
  prefix: string;
  type?: 'model';
}

/** The artifacts of a run, and those of its logged models at `<name>/...`, with the type `model`. Only what is behind the server's proxy can be read. */
export async function* filesOfRun(
  client: MlflowClient,
  run: Run,
  { signal, warn, at }: RunReading & { at: number },
): AsyncGenerator<ImportedEvent, void, undefined> {
  const seen = new Set<string>();
  for await (const { artifactUri, prefix, type } of foldersOf(client, run, signal)) {
    const root = proxiedArtifactPath(artifactUri);
    if (root === undefined) {
      warn(`its files are not imported: they are at ${artifactUri}, and not behind the server`, { id: run.runId, name: run.runName });
      continue;
    }
    for await (const file of filesIn((folder) => client.artifacts.list([root, ...folder].join('/'), { signal }))) {
      const path = prefix + file;
      if (seen.has(path)) continue;
      seen.add(path);
      yield {
        at,
        kind: 'artifact',
        path,
        ...(type && { type }),
        read: (stop) => client.artifacts.get(`${root}/${file}`, { signal: stop }),
      };
    }
  }
}

async function* foldersOf(client: MlflowClient, run: Run, signal: AbortSignal): AsyncGenerator<Folder, void, undefined> {
  // Where nothing is, its place need not be behind the server.
  if ((await client.listArtifacts(run.runId, undefined, signal)).files.length > 0) yield { artifactUri: run.artifactUri, prefix: '' };
  for (const { modelId } of run.modelOutputs) {
    const model = await client.getLoggedModel(modelId, signal);
    if (model !== undefined) yield { artifactUri: model.artifactUri, prefix: `${model.name}/`, type: 'model' };
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
