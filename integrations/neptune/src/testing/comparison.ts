import type { FieldValue } from '../wire/snapshot.ts';
import type { RunAtNeptune } from './run-at-neptune.ts';

/**
 * What of a run is compared with that of the Python client. Left out, and nothing else:
 * - times: of operations and points, when the run was made, `mortise/ended_at`;
 * - the run's id, and digests in the storage path of a file, which both make of it;
 * - what only we write: `mortise/*` (ids, times, links), `source_code/*`, `sys/name`.
 */
export function comparable(run: RunAtNeptune): object {
  const isOurs = (path: string): boolean => /^(mortise|source_code)\/|^sys\/name$/.test(path);
  const fields = Array.from(run.fields).filter(([path]) => !isOurs(path));
  return {
    project: run.project,
    experiment: run.created?.experiment,
    fields: sorted(fields.map(([path, value]) => [path, withoutDigests(value)])),
    series: sorted(Array.from(run.series, ([path, points]) => [path, points.map(({ step, value }) => ({ step, ...value }))])),
    sets: sorted(Array.from(run.sets, ([path, members]) => [path, [...members].sort()])),
  };
}

function withoutDigests(field: FieldValue): FieldValue {
  if (field.kind !== 'file') return field;
  const [, attribute, ...rest] = field.value.path.split('/');
  return { kind: 'file', value: { ...field.value, path: [attribute!.replace(/-[0-9a-f]{16}$/, ''), ...rest].join('/') } };
}

function sorted(entries: [string, unknown][]): object {
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}
