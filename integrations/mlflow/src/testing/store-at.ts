import { MlflowArtifactStoreConfig } from '../artifact-store/mlflow-artifact-store-config.ts';
import { create, type MlflowArtifactStore } from '../artifact-store/mlflow-artifact-store.ts';

const quiet = (): void => undefined;

/** An artifact store, as a process of its own would make it. */
export function storeAt(trackingUri: string, config: Partial<MlflowArtifactStoreConfig> = {}): Promise<MlflowArtifactStore> {
  return create({
    config: Object.assign(new MlflowArtifactStoreConfig(), { trackingUri, timeoutMs: 30_000, ...config }),
    name: 'shared',
    log: { debug: quiet, info: quiet, warn: quiet },
    fetch,
    scratch: '/nowhere',
    projectRoot: '/nowhere',
  });
}

export async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const read: Uint8Array[] = [];
  for await (const chunk of chunks) read.push(chunk);
  return Buffer.concat(read).toString();
}
