import type { Answer } from '../http/answer.ts';

/** A file or folder among artifacts. */
export interface ArtifactFile {
  /** From the root of the run's artifacts; of `artifacts.list`, from the folder that was listed. */
  path: string;
  isDir: boolean;
  /** Bytes; undefined for a folder. */
  fileSize?: number;
}

/** The artifacts of a run, one folder deep. */
export interface ArtifactListing {
  rootUri: string;
  files: ArtifactFile[];
}

export function artifactFile(file: Answer): ArtifactFile {
  const isDir = file.flag('is_dir');
  return { path: file.text('path'), isDir, ...(!isDir && { fileSize: file.number('file_size') }) };
}
