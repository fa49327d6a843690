import type { Rest } from '../http/rest.ts';
import { artifactFile, type ArtifactListing } from './artifact-listing.ts';

/** All pages of a run's artifacts in a folder. */
export async function listOfRun(rest: Rest, runId: string, path: string | undefined, signal?: AbortSignal): Promise<ArtifactListing> {
  const listing: ArtifactListing = { rootUri: '', files: [] };
  for (let pageToken: string | undefined, isFirst = true; isFirst || pageToken !== undefined; isFirst = false) {
    const answer = await rest.get('artifacts/list', { run_id: runId, path, page_token: pageToken }, signal);
    listing.rootUri = answer.text('root_uri');
    listing.files.push(...answer.objects('files').map(artifactFile));
    pageToken = answer.nextPage().nextPageToken;
  }
  return listing;
}
