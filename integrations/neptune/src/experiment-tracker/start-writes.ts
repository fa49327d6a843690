import type { Json, TrackerRunIdentity, TrackerRunStart } from '@mortise/core';

import type { FieldValue } from '../wire/snapshot.ts';
import { writeCreateRun, writeSnapshot } from '../wire/write-operations.ts';
import { pathRefusal, portions, textRefusal } from './field-limits.ts';
import { paramFields, text } from './field-values.ts';
import type { NeptuneTrackerSettings } from './neptune-tracker-settings.ts';
import type { RunMemory, RunWrites, SetChanges, WrittenSnapshot } from './run-memory.ts';
import { ERROR, KEY, OWN, PARAMS, STATUS, SYS, tagMember } from './run-paths.ts';

const CORE_TAG = 'mortise.';

/** What makes a run and what it begins with. `warn` is told what of it Neptune could not keep. */
export function startWrites(id: TrackerRunIdentity, start: TrackerRunStart, warn: (message: string) => void): RunWrites {
  const tags = new Map(Object.entries(start.tags).flatMap(([name, value]) => memberOf(name, value, warn)));
  const { experimentName = start.experiment } = start.settings as Partial<NeptuneTrackerSettings>;
  const at = start.startedAt;
  const members: SetChanges = new Map([...tags.values()].map((member) => [member, 'add'] as const));
  const modify = new Map([
    ...(members.size > 0 ? [[SYS.tags, members] as const] : []),
    [SYS.groupTags, new Map([[start.group.toWellFormed(), 'add'] as const])],
  ]);
  const own = startFields(id, start);
  const params = paramsOf(start.params ?? {}, warn);
  return {
    create: writeCreateRun({ family: id.key, experiment: experimentName.toWellFormed(), createdAt: at }),
    snapshots: [
      // Apart: a server that lets nobody write them refuses nothing else.
      ours(writeSnapshot({ at, assign: new Map([[SYS.name, text(start.name.toWellFormed())]]) })),
      ours(writeSnapshot({ at, modify })),
      ours(writeSnapshot({ at, assign: own })),
      ...Array.from(params.size === 0 ? [] : portions(params), (assign) => ours(writeSnapshot({ at, assign }))),
    ],
    refused: [],
    tags,
    begun: true,
  };
}

/** Of a run that had ended and goes on: the end that it has had counts no more. Neptune's fields cannot be taken away, so they become empty. */
export function resumeWrites({ ended }: RunMemory, at: number): RunWrites {
  const assign = new Map<string, FieldValue>([[STATUS, text('running')]]);
  if (ended === 'failed' || ended === 'killed')
    for (const part of ['type', 'message', 'traceback']) assign.set(`${ERROR}${part}`, text(''));
  const failed = new Map<string, FieldValue>([[SYS.failed, { kind: 'bool', value: false }]]);
  return { snapshots: [ours(writeSnapshot({ at, assign: failed })), ours(writeSnapshot({ at, assign }))], refused: [], ended: null };
}

function ours(bytes: Uint8Array): WrittenSnapshot {
  return { bytes };
}

function memberOf(name: string, value: string, warn: (message: string) => void): [string, string][] {
  if (name.startsWith(CORE_TAG)) return [];
  const member = tagMember(name, value);
  const why = textRefusal(member);
  if (why === undefined) return [[name, member]];
  warn(`Neptune does not show the tag ${JSON.stringify(name.toWellFormed())}: it ${why}`);
  return [];
}

function paramsOf(given: Record<string, Json>, warn: (message: string) => void): Map<string, FieldValue> {
  const fields = new Map<string, FieldValue>();
  for (const [name, value] of Object.entries(given)) {
    for (const [path, field] of paramFields(`${PARAMS}${name}`, value)) {
      const why = pathRefusal(path) ?? (field.kind === 'string' ? textRefusal(field.value) : undefined);
      if (why === undefined) fields.set(path, field);
      else warn(`Neptune does not show all that the pipeline was called with: ${JSON.stringify(name.toWellFormed())} ${why}`);
    }
  }
  return fields;
}

function startFields(id: TrackerRunIdentity, { tags, group, user, source, parent }: TrackerRunStart): Map<string, FieldValue> {
  const facts: Record<string, string | undefined> = {
    [STATUS]: 'running',
    [KEY]: id.key,
    [`${OWN}group`]: group,
    [`${OWN}show`]: `mortise runs show ${id.runId}`,
    [`${OWN}map_index`]: id.mapIndex === undefined ? undefined : String(id.mapIndex),
    [`${OWN}parent`]: parent?.id,
    [`${OWN}user`]: user,
    // Arguments of the command may be secrets, and stay here.
    'source_code/run_command': source?.file ?? source?.command[0],
    'source_code/commit/commit_id': source?.commit,
    'source_code/branch': source?.branch,
    [`${OWN}host`]: source?.host,
  };
  for (const [name, value] of Object.entries(tags)) if (name.startsWith(CORE_TAG)) facts[`${OWN}${name.slice(CORE_TAG.length)}`] = value;
  const fields = new Map<string, FieldValue>();
  for (const [path, fact] of Object.entries(facts)) if (fact !== undefined) fields.set(path, text(fact.toWellFormed()));
  if (source?.dirty !== undefined) fields.set('source_code/dirty', { kind: 'bool', value: source.dirty });
  return fields;
}
