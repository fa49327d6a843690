import { buffer } from 'node:stream/consumers';

import type { ImportedRun } from '@mortise/core';

import importer from '../import/index.ts';
import { never } from './play.ts';
import type { Scenario } from './scenarios.ts';

/** What an imported run logged, in the words of a scenario. */
export interface ImportedContent {
  run: Omit<ImportedRun, 'events'>;
  params: Record<string, unknown>;
  tags: Record<string, string>;
  points: { name: string; value: number; step: number }[];
  files: Record<string, string>;
  note?: string;
  lines: string[];
  documents: string[];
}

/** All runs of archives, by name. */
export async function importedFrom(from: string): Promise<{ runs: Map<string, ImportedContent>; warnings: string[] }> {
  const warnings = new Set<string>();
  const found = await importer(from, {
    env: {},
    warn: (message, of) => void warnings.add(of === undefined ? message : `${of.name}: ${message}`),
  });
  const runs = new Map<string, ImportedContent>();
  for await (const run of found.runs(never)) runs.set(run.name, await contentOf(run));
  return { runs, warnings: [...warnings] };
}

async function contentOf({ events, ...run }: ImportedRun): Promise<ImportedContent> {
  const content: ImportedContent = { run, params: {}, tags: {}, points: [], files: {}, lines: [], documents: [] };
  for await (const event of events(never)) {
    if (event.kind === 'params') Object.assign(content.params, event.values);
    if (event.kind === 'tags') Object.assign(content.tags, event.set);
    if (event.kind === 'metrics')
      for (const [name, value] of Object.entries(event.values)) content.points.push({ name, value, step: event.step });
    if (event.kind === 'artifact') content.files[event.path] = (await buffer(event.read(never))).toString();
    if (event.kind === 'note') content.note = event.markdown;
    if (event.kind === 'log') content.lines.push(event.text);
    if (event.kind === 'json') content.documents.push(event.name);
  }
  return content;
}

/** What they are to be of a scenario. */
export function pointsOfScenario({ rows }: Scenario): ImportedContent['points'] {
  return rows.flatMap(({ values, step }) => Object.entries(values).map(([name, value]) => ({ name, value: Number(value), step })));
}
