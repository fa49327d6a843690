import { createHash } from 'node:crypto';

import type { Connection } from '../http/connection.ts';
import { graphql } from '../http/graphql.ts';
import type { ArtifactIds, LoggedArtifact } from '../run-records.ts';
import { WandbError } from '../wandb-error.ts';
import type { RunPlace } from '../wandb-urls.ts';
import { measured, type Measured } from './measured.ts';
import { COMMIT_ARTIFACT, CREATE_ARTIFACT, CREATE_ARTIFACT_FILES, CREATE_ARTIFACT_MANIFEST } from './operations.ts';
import { unchanged } from './unchanged.ts';
import { uploadHeaders } from './upload-headers.ts';

/** Files that the server is asked to take at once. */
const AT_ONCE = 100;

/** The same for the same content, so that an upload that is made again is the same one. */
export function artifactIds({ entity, project, id }: RunPlace, name: string, digest: string): ArtifactIds {
  return { clientId: sha512(entity, project, id, name, digest), sequenceClientId: sha512(entity, project, name) };
}

const sha512 = (...parts: string[]): string => createHash('sha512').update(JSON.stringify(parts)).digest('hex');

/** By the vendor's rule: MD5 over the names and digests of all entries, in the order of their names. */
export function manifestDigest(entries: Readonly<Record<string, { digest: string }>>): string {
  const hash = createHash('md5').update('wandb-artifact-manifest-v1\n');
  for (const name of Object.keys(entries).sort(byCodePoint)) hash.update(`${name}:${entries[name]!.digest}\n`);
  return hash.digest('hex');
}

/** As Python sorts texts, and UTF-16 does not. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

interface Entry {
  digest: string;
  size?: number;
  birthArtifactID?: string;
  ref?: string;
}

/**
 * Uploads a version of an artifact, unless the server has one of the same files. It is there once it is committed, whole or not at all.
 * @throws WandbError and whatever reading a file throws; made again, it goes on
 */
export async function uploadArtifact(
  connection: Connection,
  place: RunPlace,
  artifact: LoggedArtifact,
  signal?: AbortSignal,
): Promise<ArtifactIds> {
  const sizes = new Map<string, Measured>();
  for (const file of artifact.files) sizes.set(file.path, await measured(file, signal));
  const references = (artifact.references ?? []).map(({ path, uri, digest, size }): [string, Entry] => [
    path,
    { digest, ref: uri, ...(size !== undefined && { size }) },
  ]);
  const files = Array.from(sizes, ([path, { size, md5 }]): [string, Entry] => [path, { digest: md5, size }]);
  const digest = manifestDigest(Object.fromEntries([...files, ...references]));
  const ids = artifactIds(place, artifact.name, digest);
  const id = await create(connection, place, artifact, { digest, ...ids }, signal);
  if (id === undefined) return ids;
  const manifest = await createManifest(connection, place, { id, digest: '', includeUpload: false }, signal);
  for (let at = 0; at < artifact.files.length; at += AT_ONCE)
    await uploadFiles(connection, { id, manifestId: manifest.id, files: artifact.files.slice(at, at + AT_ONCE), sizes }, signal);
  const contents = Object.fromEntries([
    ...files.map(([path, entry]): [string, Entry] => [path, { ...entry, birthArtifactID: id }]),
    ...references,
  ]);
  await uploadManifest(connection, place, { id, contents }, signal);
  await graphql(connection, COMMIT_ARTIFACT, { artifactID: id }, signal);
  return ids;
}

/** Gives its id; undefined when it is there already. */
async function create(
  connection: Connection,
  { entity, project, id }: RunPlace,
  { name, type, description, metadata, aliases = [] }: LoggedArtifact,
  { digest, clientId, sequenceClientId }: ArtifactIds & { digest: string },
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const input = {
    ...{
      entityName: entity,
      projectName: project,
      runName: id,
      artifactTypeName: type,
      artifactCollectionName: name,
      description: description ?? null,
    },
    ...{ digest, digestAlgorithm: 'MANIFEST_MD5', enableDigestDeduplication: true, clientID: clientId, sequenceClientID: sequenceClientId },
    aliases: [...new Set([...aliases, 'latest'])].map((alias) => ({ alias, artifactCollectionName: name })),
    metadata: metadata === undefined ? null : JSON.stringify(metadata),
  };
  const answer = await graphql<{ createArtifact: { artifact: { id: string; state: string } } }>(
    connection,
    CREATE_ARTIFACT,
    { input },
    signal,
  );
  const { artifact } = answer.createArtifact;
  return artifact.state === 'COMMITTED' ? undefined : artifact.id;
}

interface ManifestFile {
  id: string;
  file: { uploadUrl?: string; uploadHeaders?: string[] | null };
}

async function createManifest(
  connection: Connection,
  { entity, project, id: run }: RunPlace,
  { id, digest, includeUpload }: { id: string; digest: string; includeUpload: boolean },
  signal: AbortSignal | undefined,
): Promise<ManifestFile> {
  const owner = { entityName: entity, projectName: project, runName: run };
  const variables = {
    artifactID: id,
    baseArtifactID: null,
    name: 'wandb_manifest.json',
    digest,
    ...owner,
    manifestType: 'FULL',
    includeUpload,
  };
  const answer = await graphql<{ createArtifactManifest: { artifactManifest: ManifestFile } }>(
    connection,
    CREATE_ARTIFACT_MANIFEST,
    variables,
    signal,
  );
  return answer.createArtifactManifest.artifactManifest;
}

interface FilesToUpload {
  id: string;
  manifestId: string;
  files: LoggedArtifact['files'];
  sizes: ReadonlyMap<string, Measured>;
}

interface UploadPlace {
  node: { uploadUrl: string | null; uploadHeaders: string[] | null };
}

async function uploadFiles(
  connection: Connection,
  { id, manifestId, files, sizes }: FilesToUpload,
  signal: AbortSignal | undefined,
): Promise<void> {
  const artifactFiles = files.map(({ path }) => ({
    artifactID: id,
    artifactManifestID: manifestId,
    name: path,
    md5: sizes.get(path)!.md5,
  }));
  const input = { artifactFiles, storageLayout: 'V2' };
  const answer = await graphql<{ createArtifactFiles: { files: { edges: UploadPlace[] } } }>(
    connection,
    CREATE_ARTIFACT_FILES,
    { input },
    signal,
  );
  const { edges } = answer.createArtifactFiles.files;
  if (edges.length !== files.length)
    throw new WandbError('protocol', `${connection.server} gave ${edges.length} addresses for the ${files.length} files of an artifact`);
  for (const [at, file] of files.entries()) {
    const { uploadUrl, uploadHeaders: headers } = edges[at]!.node;
    // Without an address the storage has these bytes.
    if (uploadUrl === null) continue;
    const known = sizes.get(file.path)!;
    const body = unchanged(file.path, file.read(signal), known);
    await connection.put(uploadUrl, { body, size: known.size }, uploadHeaders(headers), `upload ${file.path}`, signal);
  }
}

async function uploadManifest(
  connection: Connection,
  place: RunPlace,
  { id, contents }: { id: string; contents: Record<string, Entry> },
  signal: AbortSignal | undefined,
): Promise<void> {
  const storagePolicy = { storagePolicy: 'wandb-storage-policy-v1', storagePolicyConfig: { storageLayout: 'V2' } };
  const body = Buffer.from(JSON.stringify({ version: 1, ...storagePolicy, contents }));
  const digest = createHash('md5').update(body).digest('base64');
  const { file } = await createManifest(connection, place, { id, digest, includeUpload: true }, signal);
  if (file.uploadUrl === undefined)
    throw new WandbError('protocol', `${connection.server} gave no address for the manifest of an artifact`);
  await connection.put(
    file.uploadUrl,
    { body, size: body.length },
    uploadHeaders(file.uploadHeaders),
    'upload wandb_manifest.json',
    signal,
  );
}
