import { hash } from 'node:crypto';

/** The ids of what an imported run becomes: the same for every import of it, so that a second one finds what the first has made. */
export interface ImportedIds {
  run: string;
  step: string;
  /** Writer of its event log. */
  writer: string;
}

export function importedIds(vendor: string, id: string): ImportedIds {
  const idOf = (part: string): string => hash('sha256', JSON.stringify(['import', vendor, id, part])).slice(0, 32);
  return { run: idOf('run'), step: idOf('step'), writer: idOf('log') };
}
