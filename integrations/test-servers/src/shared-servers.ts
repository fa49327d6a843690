import { azuriteAdministration, startAzurite, type AzuriteAdministration, type AzuriteCredentials } from './azurite-server.ts';
import { gcsAdministration, startGcs, type GcsAdministration } from './gcs-server.ts';
import { startMlflow, type MlflowServer } from './mlflow-server.ts';
import { otherS3 } from './other-s3.ts';
import type { RealServerName } from './provisioned.ts';
import type { RealServer } from './real-server.ts';
import { s3Administration, type S3Administration, type S3Credentials } from './s3-administration.ts';
import { startS3, type S3Server } from './s3-server.ts';

export type SharedMlflow = RealServer & Pick<MlflowServer, 'python'>;

export interface SharedS3 extends RealServer, S3Credentials, Pick<S3Administration, 'createBucket'>, Pick<S3Server, 'region'> {
  /** Only where the server is our own: what administers others differs. */
  readonly createUser?: S3Administration['createUser'];
  /** A bucket that nobody else has, empty. */
  readonly bucket: string;
}

export interface SharedGcs extends RealServer, GcsAdministration {
  /** A bucket that nobody else has, empty. */
  readonly bucket: string;
}

export interface SharedAzurite extends RealServer, AzuriteCredentials, AzuriteAdministration {
  /** A container that nobody else has, empty. */
  readonly container: string;
}

type Address<Server> = Omit<Server, 'stop' | keyof S3Administration>;

const notOurs = { stop: async () => {} };

/** What `npm run test:real` has for all its test files; it starts a server when the first one asks. `undefined` outside such a run. */
async function addressOfShared<Server>(name: RealServerName): Promise<Address<Server> | undefined> {
  const desk = process.env['MORTISE_TEST_SERVERS'];
  if (!desk) return undefined;
  const answer = await fetch(`${desk}/${name}`);
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Address<Server>;
}

/**
 * The MLflow server that the whole run shares: take experiment names that nobody else takes. A test file that runs on its own gets a server of its own.
 * `stop()` ends only a server of one's own, so call it in `afterAll`.
 */
export async function sharedMlflow(): Promise<SharedMlflow> {
  const shared = await addressOfShared<SharedMlflow>('mlflow');
  return shared ? { ...shared, ...notOurs } : startMlflow();
}

/** The S3 server that the whole run shares, or the one that the environment names, with a fresh bucket per call. `stop()` as of `sharedMlflow`. */
export async function sharedS3(): Promise<SharedS3> {
  const other = otherS3();
  if (other !== undefined) return { ...other, ...notOurs, bucket: await other.createBucket() };
  const shared = await addressOfShared<Omit<S3Server, 'folder' | 'kill' | 'start'>>('s3');
  const server = shared ? { ...shared, ...s3Administration(shared.url, shared), ...notOurs } : await startS3();
  return { ...server, bucket: await server.createBucket() };
}

/** The GCS server that the whole run shares, with a fresh bucket per call. `stop()` as of `sharedMlflow`. */
export async function sharedGcs(): Promise<SharedGcs> {
  const shared = await addressOfShared<RealServer>('gcs');
  const server = shared ? { ...shared, ...gcsAdministration(shared.url), ...notOurs } : await startGcs();
  return { ...server, bucket: await server.createBucket() };
}

/** The Azurite that the whole run shares, with a fresh container per call. `stop()` as of `sharedMlflow`. */
export async function sharedAzurite(): Promise<SharedAzurite> {
  const shared = await addressOfShared<RealServer & AzuriteCredentials>('azurite');
  const server = shared ? { ...shared, ...azuriteAdministration(shared.url, shared), ...notOurs } : await startAzurite();
  return { ...server, container: await server.createContainer() };
}
