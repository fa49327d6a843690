import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

const SEGMENT = /^([0-9a-f]{32})(?:\.(\d+))?\.log$/;

/** The segments in a run's log folder, in the order in which they were begun: ids of writers rise with time. None if there is no folder. */
export async function segmentFiles(folder: string): Promise<string[]> {
  const found = (await namesIn(folder)).flatMap((name) => {
    const [, writer, number = '1'] = SEGMENT.exec(name) ?? [];
    return writer === undefined ? [] : [{ name, writer, number: Number(number) }];
  });
  found.sort((a, b) => (a.writer < b.writer ? -1 : a.writer > b.writer ? 1 : a.number - b.number));
  return found.map(({ name }) => join(folder, name));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
