import { halfOf } from '../http/well-formed.ts';
import { MlflowError } from '../mlflow-error.ts';

/** Bytes of UTF-8 that a file system takes as a name; MLflow answers 500 to a longer one. */
const LONGEST_NAME = 255;

/**
 * A path below the artifact proxy as it stands in a URL. Refuses what names no file of its own, and what the server would keep under another name:
 * it decodes a path again and again, so `50%25` would become `50%` and `%2e%2e` the parent folder.
 */
export function encodedArtifactPath(path: string): string {
  const flaw = artifactPathFlaw(path);
  if (flaw !== undefined) throw new MlflowError('invalid', `The artifact path ${JSON.stringify(path)} ${flaw}`);
  return path.split('/').map(encodeURIComponent).join('/');
}

/** Why no request to the artifact proxy can name this path, in words that follow it; undefined if one can. */
export function artifactPathFlaw(path: string): string | undefined {
  if (!path.isWellFormed()) return `has ${halfOf(path)}, which no URL can carry`;
  const segments = path.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) return 'has an empty segment, "." or ".."';
  if (/[#\p{Cc}]/u.test(path)) return 'has "#" or a control character, which MLflow does not take';
  if (/%[0-9a-f]{2}/i.test(path)) return 'has an escape such as %20, which MLflow would decode';
  if (/[?;]$|^\s|^[a-z][a-z0-9+.-]*:/i.test(path)) return 'has an end or a beginning that MLflow would cut off';
  if (segments.some((segment) => Buffer.byteLength(segment) > LONGEST_NAME))
    return `has a name of more than ${LONGEST_NAME} bytes, which file systems do not take`;
  return undefined;
}
