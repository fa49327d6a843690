import type { Connection } from '../http/connection.ts';
import { graphql } from '../http/graphql.ts';
import type { FileSource } from '../run-records.ts';
import { WandbError } from '../wandb-error.ts';
import type { RunPlace } from '../wandb-urls.ts';
import { measured } from './measured.ts';
import { CREATE_RUN_FILES } from './operations.ts';
import { unchanged } from './unchanged.ts';
import { uploadHeaders } from './upload-headers.ts';

interface Answered {
  createRunFiles: { uploadHeaders: string[] | null; files: { name: string; uploadUrl: string }[] };
}

/** Uploads a file of a run. It is read twice: storages want to know its size before. */
export async function uploadRunFile(
  connection: Connection,
  at: RunPlace & { path: string },
  source: FileSource,
  signal?: AbortSignal,
): Promise<void> {
  const { entity, project, id, path } = at;
  const known = await measured(source, signal);
  const { createRunFiles } = await graphql<Answered>(connection, CREATE_RUN_FILES, { entity, project, run: id, files: [path] }, signal);
  const file = createRunFiles.files.find(({ name }) => name === path) ?? createRunFiles.files[0];
  if (file === undefined) throw new WandbError('protocol', `${connection.server} gave no address to upload ${path} to`);
  await connection.put(
    file.uploadUrl,
    { body: unchanged(path, source.read(signal), known), size: known.size },
    uploadHeaders(createRunFiles.uploadHeaders),
    `upload ${path}`,
    signal,
  );
}
