import { isMlflowError, type ArtifactFile, type ArtifactPutOptions, type ArtifactsClient } from '@mortise/mlflow-client';

import { begun } from './begun.ts';
import { ofNetwork, repeated } from './repeated.ts';

/**
 * One folder behind a server's artifact proxy; paths are relative to it. What MLflow answers depends on where the server itself keeps files. With a folder it
 * reads ranges and tells times. With a bucket it fetches whole whatever it is asked for, also for a look at it, says of what is not there that it failed
 * (500), and of a folder that it is an empty file. Listings are true everywhere.
 */
export class ArtifactFolder {
  readonly root: string;
  readonly #artifacts: ArtifactsClient;

  constructor(root: string, artifacts: ArtifactsClient) {
    this.root = root;
    this.#artifacts = artifacts;
  }

  /** A body that is whole is sent again when the network fails. */
  put(path: string, body: Uint8Array | AsyncIterable<Uint8Array>, options: ArtifactPutOptions): Promise<void> {
    const send = (): Promise<void> => this.#artifacts.put(this.#whole(path), body, options);
    return ArrayBuffer.isView(body) ? repeated(send, options.signal) : send();
  }

  /** Tried again until the first chunk is there. */
  get(path: string, options: { from?: number; to?: number; signal?: AbortSignal }): Promise<AsyncIterable<Uint8Array>> {
    return repeated(() => begun(this.#artifacts.get(this.#whole(path), options)), options.signal);
  }

  stat(path: string): Promise<{ size: number; modifiedAt?: number } | undefined> {
    return repeated(() => this.#artifacts.stat(this.#whole(path)));
  }

  /** What is in a folder; the root's is `''`. */
  list(folder: string, signal?: AbortSignal): Promise<ArtifactFile[]> {
    const path = folder === '' ? this.root : this.#whole(folder);
    return repeated(() => this.#artifacts.list(path, signal && { signal }), signal, ofNetworkOrMeanwhile);
  }

  /** A file, or a folder with all that is in it. */
  delete(path: string, signal?: AbortSignal): Promise<void> {
    return repeated(() => this.#artifacts.delete(this.#whole(path), signal && { signal }), signal);
  }

  /** Of several paths those where a file is. */
  async filesAmong(paths: readonly string[], signal?: AbortSignal): Promise<string[]> {
    const there = await this.#listed(paths, signal);
    return paths.filter((path) => there(path, 'file'));
  }

  /** Whether a file and a folder cannot both be here: the path is a folder, or has a file among those it lies in. */
  async isNested(path: string): Promise<boolean> {
    const segments = path.split('/');
    const parents = segments.slice(1).map((_, at) => segments.slice(0, at + 1).join('/'));
    const there = await this.#listed([...parents, path]);
    return there(path, 'folder') || parents.some((parent) => there(parent, 'file'));
  }

  async #listed(paths: readonly string[], signal?: AbortSignal): Promise<(path: string, as: 'file' | 'folder') => boolean> {
    const files = new Set<string>();
    const folders = new Set<string>();
    for (const folder of new Set(paths.map(folderOf)))
      for (const { path, isDir } of await this.list(folder, signal))
        (isDir ? folders : files).add(folder === '' ? path : `${folder}/${path}`);
    return (path, as) => (as === 'file' ? files : folders).has(path);
  }

  #whole(path: string): string {
    return `${this.root}/${path}`;
  }
}

/** A server with a folder fails (500) when a file goes away while it lists it. */
function ofNetworkOrMeanwhile(error: unknown): boolean {
  return ofNetwork(error) || (isMlflowError(error) && error.status === 500);
}

/** The folder that a path lies in; `''` for the root. */
function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
