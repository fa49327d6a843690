import type { ImportedEvent, ImportedRun, Outcome, RunImportOptions } from '@mortise/core';
import { readTransactionLog, type LogRecord } from '@mortise/wandb-client';

import { shownTags, storyOf, STORY, type RunStory } from '../experiment-tracker/run-story.ts';
import { ArtifactNames } from './artifact-names.ts';
import { ConsoleLines } from './console-lines.ts';
import { filesOfArtifact, filesOfRun } from './file-events.ts';
import { FilePaths } from './file-paths.ts';
import { HistoryEvents } from './history-events.ts';
import type { RunHead } from './run-head.ts';
import type { RunLog } from './run-logs.ts';

type Tell = (message: string) => void;

/** W&B's own name for where runs without a project go. */
export const NO_PROJECT = 'uncategorized';

/**
 * A run as its logs tell of it.
 * @param logs one for each time that it was begun or resumed
 * @param warn of what is not taken over
 */
export function wandbRun(id: string, head: RunHead, logs: readonly RunLog[], warn: RunImportOptions['warn']): ImportedRun {
  const story = storyOf(head.config);
  const name = head.displayName ?? head.id;
  // Of ours the end that it says: that of a log may be of a program which a step started.
  const hasEnded = story?.status !== 'running';
  const outcome = hasEnded && head.outcome !== undefined ? outcomeOf(head.outcome, story) : undefined;
  return {
    id,
    name,
    experiment: head.project ?? NO_PROJECT,
    startedAt: head.startedAt,
    ...(hasEnded && head.endedAt !== undefined && { endedAt: head.endedAt }),
    ...(outcome !== undefined && { outcome }),
    ...(head.group !== undefined && { group: head.group }),
    ...(head.client !== undefined && { client: head.client }),
    ...(story?.user !== undefined && { user: story.user }),
    events: (signal) => eventsOf(head, logs, (message) => warn(message, { id, name }), signal),
  };
}

/** Of a run that Mortise has logged, more is known than its exit code tells. */
function outcomeOf(outcome: Outcome, story: RunStory | undefined): Outcome {
  if (outcome.status !== 'failed' || story?.error === undefined) return outcome;
  return story.status === 'killed' ? { status: 'killed', reason: story.error.message } : { ...outcome, error: story.error };
}

async function* eventsOf(head: RunHead, logs: readonly RunLog[], tell: Tell, signal: AbortSignal): AsyncGenerator<ImportedEvent, void> {
  const history = new HistoryEvents(tell);
  const artifacts = new ArtifactNames();
  const paths = new FilePaths(tell);
  const at = head.startedAt;
  yield* headEvents(head);
  for (const { path, folder } of logs) {
    const reading = new LogEvents(head, { history, artifacts, paths }, tell);
    const onDamage = ({ message }: Error): void => tell(`${message}; what was there is not taken over`);
    const onTorn = (offset: number): void => tell(`${path} is unfinished from byte ${offset} on: its program was killed`);
    for await (const record of readTransactionLog(path, { signal, onDamage, onTorn })) yield* await reading.take(record, signal);
    yield* reading.rest();
    for (const file of await filesOfRun(folder, reading.files, tell))
      yield { ...file, path: paths.ofRun(file.path), at: head.endedAt ?? at };
  }
  yield* history.end(at);
}

function* headEvents(head: RunHead): Generator<ImportedEvent> {
  const at = head.startedAt;
  const { _wandb, [STORY]: told, ...config } = head.config;
  const story = storyOf(head.config);
  const params = story === undefined && told !== undefined ? { ...config, [STORY]: told } : config;
  if (Object.keys(params).length > 0) yield { kind: 'params', at, values: params as Extract<ImportedEvent, { kind: 'params' }>['values'] };
  const set = tagsOf(head, story?.tags);
  if (Object.keys(set).length > 0) yield { kind: 'tags', at, set };
  if (head.notes !== undefined) yield { kind: 'note', at, markdown: head.notes };
}

/** W&B's tags have no names: `team:red` is taken for one, unless another has it. What has no colon is true. */
function tagsOf({ tags = [], jobType }: RunHead, told: Readonly<Record<string, string>> = {}): Record<string, string> {
  const ours = new Set(shownTags(told));
  const pairs = tags
    .filter((tag) => !ours.has(tag))
    .map((tag) => {
      const [, name = tag, value = 'true'] = /^([^:]+):(.+)$/s.exec(tag) ?? [];
      return { tag, name, value };
    });
  const byName = Map.groupBy(pairs, ({ name }) => name);
  const others = { ...(jobType !== undefined && { job_type: jobType }), ...told };
  const isFree = (name: string): boolean => byName.get(name)!.length === 1 && !Object.hasOwn(others, name);
  const set = pairs.map(({ tag, name, value }): [string, string] => (isFree(name) ? [name, value] : [tag, 'true']));
  return { ...Object.fromEntries(set), ...others };
}

/** Events of one log. */
class LogEvents {
  readonly files = new Set<string>();
  readonly #head: RunHead;
  readonly #history: HistoryEvents;
  readonly #artifacts: ArtifactNames;
  readonly #paths: FilePaths;
  readonly #tell: (message: string) => void;
  readonly #console = new ConsoleLines();
  #at: number;

  /** `history`, `artifacts` and `paths`: of all logs of the run. */
  constructor(
    head: RunHead,
    { history, artifacts, paths }: { history: HistoryEvents; artifacts: ArtifactNames; paths: FilePaths },
    tell: (message: string) => void,
  ) {
    this.#head = head;
    this.#history = history;
    this.#artifacts = artifacts;
    this.#paths = paths;
    this.#tell = tell;
    this.#at = head.startedAt;
  }

  async take(record: LogRecord, signal: AbortSignal): Promise<ImportedEvent[]> {
    switch (record.kind) {
      case 'history':
        return this.#passing(this.#history.row(record.row, this.#head.startedAt));
      case 'stats':
        return this.#history.system(record.values, record.at);
      case 'summary':
        this.#history.summary(record.update, record.remove);
        return [];
      case 'metric':
        return this.#history.define(record, this.#at);
      case 'output':
        return this.#passing(this.#console.take(record).map((line) => ({ kind: 'log' as const, ...line })));
      case 'files':
        for (const path of record.paths) this.files.add(path);
        return [];
      case 'artifact':
        return (await filesOfArtifact(record.artifact, this.#artifacts.of(record.artifact), this.#tell, signal)).map((file) => ({
          ...{ ...file, path: this.#paths.ofArtifact(file.path) },
          at: this.#at,
        }));
      case 'alert':
        this.#tell('its alerts are not taken over');
        return [];
      default:
        return [];
    }
  }

  rest(): ImportedEvent[] {
    return this.#console.rest().map((line) => ({ kind: 'log', ...line }));
  }

  #passing(events: ImportedEvent[]): ImportedEvent[] {
    this.#at = events.at(-1)?.at ?? this.#at;
    return events;
  }
}
