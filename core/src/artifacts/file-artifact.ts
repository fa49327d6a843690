import { basename, resolve } from 'node:path';
import { checkPath } from '../check-texts.ts';

const MARK = Symbol.for('mortise.file-artifact.v1');

/** A file as a value: a step that returns one hands over the file's bytes, and the next step gets the path of a copy to read from. */
export class FileArtifact {
  /** Absolute path on this host. Treat what lies there as read-only. */
  readonly path: string;
  /** The file's own name, kept when it is stored. */
  readonly name: string;

  constructor(path: string, name = basename(path)) {
    this.path = resolve(path);
    this.name = basename(name);
    Object.defineProperty(this, MARK, { value: true });
  }
}

/**
 * The file at `path` (relative to the working directory) as a step's output. Its bytes are streamed into the artifact store when the step ends.
 * @example
 * const report = step('report', async () => file('/tmp/report.html'));
 */
export function file(path: string): FileArtifact {
  checkPath('file()', path);
  return new FileArtifact(path);
}

/** True for file artifacts, also those of another copy of this package. */
export function isFileArtifact(value: unknown): value is FileArtifact {
  return typeof value === 'object' && value !== null && MARK in value;
}
