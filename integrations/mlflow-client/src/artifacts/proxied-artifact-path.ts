/**
 * Path below the artifact proxy of what an artifact URI names: `mlflow-artifacts:/1/<run>/artifacts` gives `1/<run>/artifacts`. URIs that name a host
 * of their own, and other schemes, are not behind this server's proxy: undefined.
 */
export function proxiedArtifactPath(artifactUri: string): string | undefined {
  const path = /^mlflow-artifacts:\/(?:\/\/)?([^/].*)?$/.exec(artifactUri);
  return path === null ? undefined : (path[1] ?? '').replace(/\/+$/, '');
}
