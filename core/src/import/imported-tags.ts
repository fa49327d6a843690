import type { ImportedRun } from './run-importer.ts';

/** Tag of a run that was imported: whose it was. */
export const IMPORTED_FROM = 'imported.from';
/** Begins the names of tags that tell where a run is from. */
const PREFIX = 'imported.';
/** Begins the names of tags that only Mortise sets. */
const OURS = 'mortise.';

/** Where a run is from, as tags: they go with it to other trackers. */
export function originTags(vendor: string, { id, url, group, client }: ImportedRun): Record<string, string> {
  return {
    [IMPORTED_FROM]: vendor,
    [`${PREFIX}id`]: id,
    ...(url !== undefined && { [`${PREFIX}url`]: url }),
    ...(group !== undefined && { [`${PREFIX}group`]: group }),
    ...(client !== undefined && { [`${PREFIX}client`]: client }),
  };
}

/** The name of a tag of the vendor's, unless Mortise set it there: what it says is true of that run, and not of this one. */
export function importedTagName(name: string): string {
  return name.startsWith(OURS) ? `${PREFIX}${name}` : name;
}
