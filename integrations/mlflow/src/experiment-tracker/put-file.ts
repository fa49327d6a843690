import { isMlflowError, MlflowError, type ArtifactPutOptions, type MlflowClient } from '@mortise/mlflow-client';

import { ArtifactFolder } from '../artifact-store/artifact-folder.ts';

/** Where a file goes: `path` in the folder `root` below the artifact proxy. */
export interface FilePlace {
  root: string;
  path: string;
}

/**
 * Uploads a file. A server that keeps files in folders cannot have both by one name, and fails (500) like one that is ill: only a look tells them apart.
 * @throws MlflowError of kind `invalid` when the file would be where a folder is, or below a file
 */
export async function putFile(
  { artifacts }: MlflowClient,
  { root, path }: FilePlace,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  options: ArtifactPutOptions,
): Promise<void> {
  try {
    await artifacts.put(`${root}/${path}`, body, options);
  } catch (error) {
    if (isMlflowError(error) && error.status === 500 && (await new ArtifactFolder(root, artifacts).isNested(path).catch(() => false)))
      throw new MlflowError('invalid', 'of it and another artifact one would be the folder of the other', { cause: error });
    throw error;
  }
}
