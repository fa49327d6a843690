import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { LoggedEvent, Outcome, TrackerRunStart } from '@mortise/core';

import type { WandbTrackerSettings } from '../experiment-tracker/wandb-tracker-settings.ts';
import type { WandbTracker } from '../experiment-tracker/wandb-tracker.ts';
import { curve, eventsOf, never, newIdentity, newStart } from './tracker-at.ts';

/** One thing that a person does, told to both clients. The name is the id of the run. */
export interface Scenario {
  name: string;
  /** In the words of the vendor's client; `init` takes what is common to all. */
  python: string;
  start?: Partial<TrackerRunStart>;
  settings?: Partial<WandbTrackerSettings>;
  /** Each list is logged by a process of its own, which goes on with the run. */
  logged: LoggedEvent[][];
  outcome?: Outcome;
}

const WEIGHTS = Buffer.from('the weights');
const folder = mkdtempSync(join(tmpdir(), 'mortise-wandb-'));
export const weightsPath = join(folder, 'weights.bin');
writeFileSync(weightsPath, WEIGHTS);

const ODD = 'précision 損失 🍷 "quoted" \\ \n<b>&amp;\ttab';
const wide = Object.fromEntries(Array.from({ length: 4_000 }, (_, i) => [`metric_${i}`, i + 0.0625]));

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'ok',
    python: `
with init("ok", name="train-1", group="exp-A", job_type="train", notes="five steps", tags=["team:red", "base"],
          config={"lr": 0.1, "layers": [64, 32], "flag": True, "none": None, "text": "a b"}) as run:
    run.define_metric("acc", summary="max")
    run.define_metric("f1\\\\.score", step_metric="at\\\\.epoch", summary="max")
    run.define_metric("val/loss", step_metric="epoch", summary="min")
    for i in range(5): run.log({"loss": 1 / (i + 1), "acc": i / 8, "epoch": i, "val/loss": 2 / (i + 1)})
    run.log({"val/loss": 0.125, "f1.score": 0.75, "at.epoch": 3})
`,
    start: { name: 'train-1', group: 'exp-A', tags: { team: 'red', base: '' } },
    settings: { jobType: 'train', notes: 'five steps' },
    logged: [
      [
        { kind: 'params', values: { lr: 0.1, layers: [64, 32], flag: true, none: null, text: 'a b' } },
        { kind: 'define-metric', name: 'acc', summary: 'max' },
        { kind: 'define-metric', name: 'f1.score', summary: 'max', stepMetric: 'at.epoch' },
        { kind: 'define-metric', name: 'val/loss', summary: 'min', stepMetric: 'epoch' },
        ...Array.from({ length: 5 }, (_, i): LoggedEvent => ({
          kind: 'metrics',
          values: { loss: 1 / (i + 1), acc: i / 8, epoch: i, 'val/loss': 2 / (i + 1) },
          step: i,
        })),
        // Its x axis is where it was.
        { kind: 'metrics', values: { 'val/loss': 0.125, 'f1.score': 0.75, 'at.epoch': 3 }, step: 5 },
      ],
    ],
  },
  {
    name: 'fails',
    python: `
try:
    with init("fails") as run:
        run.log({"loss": 3.0})
        raise ValueError("boom")
except ValueError: pass
`,
    logged: [[{ kind: 'metrics', values: { loss: 3 }, step: 0 }]],
    outcome: { status: 'failed', error: { name: 'ValueError', message: 'boom', stack: 'ValueError: boom\n    at train (train.ts:3:5)' } },
  },
  {
    name: 'prints',
    python: `
with init("prints") as run:
    print("a line")
    print("oh", file=sys.stderr)
    for letter in "by letters, 🍷\\n": sys.stdout.write(letter)
    print("two\\n  lines")
    for percent in (0, 50, 100): sys.stderr.write("\\r%d%%" % percent)
    sys.stderr.write("\\n")
    sys.stdout.write("no end")
`,
    logged: [
      (['out a line', 'err oh', 'out by letters, 🍷', 'out two', 'out   lines', 'err 100%', 'out no end'] as const).map(
        (line): LoggedEvent => ({ kind: 'log', stream: line.startsWith('out') ? 'out' : 'err', text: line.slice(4) }),
      ),
    ],
  },
  {
    name: 'nested',
    python: `
with init("nested", config={"opt": {"name": "adam", "betas": [0.9, 0.999], "deep": {"er": {"est": 1}}}, "a.b/c": {"d e": []}}) as run: pass
`,
    logged: [
      [{ kind: 'params', values: { opt: { name: 'adam', betas: [0.9, 0.999], deep: { er: { est: 1 } } }, 'a.b/c': { 'd e': [] } } }],
    ],
  },
  {
    name: 'odd-numbers',
    python: `
with init("odd-numbers") as run:
    run.log({"nan": math.nan, "most": math.inf, "least": -math.inf, "small": 1e-300, "large": 1.7976931348623157e308})
    run.log({"nan": 1.0, "most": 0.1 + 0.2, "least": -2.5})
`,
    logged: [
      [
        { kind: 'metrics', values: { nan: NaN, most: Infinity, least: -Infinity, small: 1e-300, large: 1.7976931348623157e308 }, step: 0 },
        { kind: 'metrics', values: { nan: 1, most: 0.1 + 0.2, least: -2.5 }, step: 1 },
      ],
    ],
  },
  {
    name: 'unicode',
    python: `
with init("unicode", name="übung 🍷", notes=ODD, tags=["größe:損失"], group="群", config={"odd": ODD, "損失": "x"}) as run:
    run.log({"précision": 1, "損失": 2, "a b": 3, "a/b": 4, "🍷": 5})
`,
    start: { name: 'übung 🍷', tags: { größe: '損失' }, group: '群' },
    settings: { notes: ODD },
    logged: [
      [
        { kind: 'params', values: { odd: ODD, 損失: 'x' } },
        { kind: 'metrics', values: { précision: 1, 損失: 2, 'a b': 3, 'a/b': 4, '🍷': 5 }, step: 0 },
      ],
    ],
  },
  {
    name: 'wide',
    python: `
with init("wide") as run: run.log({f"metric_{i}": i + 0.0625 for i in range(4000)})
`,
    logged: [[{ kind: 'metrics', values: wide, step: 0 }]],
  },
  {
    name: 'artifact',
    python: `
with init("artifact") as run:
    weights = wandb.Artifact("weights.bin", "model")
    weights.add_file(WEIGHTS, name="weights.bin")
    run.log_artifact(weights)
    run.save(WEIGHTS, base_path=os.path.dirname(WEIGHTS))
`,
    logged: [[artifactEvent('weights.bin', 'model'), artifactEvent('weights.bin')]],
  },
  {
    name: 'resumed',
    python: `
with init("resumed", name="first name", notes="kept", tags=["a"], config={"lr": 0.1}) as run:
    for i in range(3): run.log({"loss": 1 / (i + 1)})
with init("resumed", resume="must", config={"more": 1}) as run:
    for i in range(3, 5): run.log({"loss": 1 / (i + 1)})
`,
    start: { name: 'first name', tags: { a: '' } },
    settings: { notes: 'kept' },
    logged: [
      [{ kind: 'params', values: { lr: 0.1 } }, ...curve('loss', 3)],
      [{ kind: 'params', values: { more: 1 } }, ...curve('loss', 2, 3)],
    ],
  },
  {
    name: 'table',
    python: `
with init("table") as run: run.log({"scores": wandb.Table(columns=["a", "b", "c"], data=[[1, "x", True], [2.5, None, False]])})
`,
    logged: [
      [
        {
          ...{ kind: 'json', name: 'scores', mime: 'application/vnd.mortise.table+json' },
          value: {
            columns: ['a', 'b', 'c'],
            data: [
              [1, 'x', true],
              [2.5, null, false],
            ],
          },
        },
      ],
    ],
  },
  {
    name: 'defined',
    python: `
with init("defined") as run:
    run.define_metric("val/loss", step_metric="epoch")
    run.define_metric("val/acc", step_metric="epoch", summary="max")
    run.log({"val/loss": 0.5, "val/acc": 0.5, "epoch": 3})
    run.log({"val/loss": 0.25, "val/acc": 0.75, "epoch": 4})
    run.log({"late": 3})
    run.define_metric("late", summary="mean")
    run.log({"late": math.nan})
    run.log({"late": 1})
`,
    logged: [
      [
        // What `defineMetric` says where no summary is named.
        { kind: 'define-metric', name: 'val/loss', summary: 'last', stepMetric: 'epoch' },
        { kind: 'define-metric', name: 'val/acc', summary: 'max', stepMetric: 'epoch' },
        { kind: 'metrics', values: { 'val/loss': 0.5, 'val/acc': 0.5, epoch: 3 }, step: 0 },
        { kind: 'metrics', values: { 'val/loss': 0.25, 'val/acc': 0.75, epoch: 4 }, step: 1 },
        { kind: 'metrics', values: { late: 3 }, step: 2 },
        { kind: 'define-metric', name: 'late', summary: 'mean' },
        { kind: 'metrics', values: { late: NaN }, step: 3 },
        { kind: 'metrics', values: { late: 1 }, step: 4 },
      ],
    ],
  },
  {
    name: 'renamed',
    python: `
with init("renamed", tags=["a", "b:1"], notes="n") as run:
    run.tags = ("b:2", "c", "🍷 x/y")
    run.notes = "later\\n# md"
    run.log({"a": 1}, step=5)
    run.log({"b": 2}, step=5)
    run.log({"a": 3}, step=1000000)
`,
    start: { tags: { a: '', b: '1' } },
    settings: { notes: 'n' },
    logged: [
      [
        { kind: 'tags', set: { b: '2', c: 'true', '🍷 x/y': '' }, remove: ['a'] },
        { kind: 'note', markdown: 'later\n# md' },
        { kind: 'metrics', values: { a: 1 }, step: 5 },
        { kind: 'metrics', values: { b: 2 }, step: 5 },
        { kind: 'metrics', values: { a: 3 }, step: 1_000_000 },
      ],
    ],
  },
  { name: 'empty', python: `\nwith init("empty") as run: pass\n`, logged: [[]] },
  {
    name: 'many',
    python: `
with init("many") as run:
    for i in range(10000): run.log({"loss": 1 / (i + 1)})
`,
    logged: [curve('loss', 10_000)],
  },
];

/** What begins the script of all scenarios for the vendor's client. */
export const PYTHON_HEAD = `
import json, math, os, sys, wandb
ODD = json.loads(${JSON.stringify(JSON.stringify(ODD))})
WEIGHTS = ${JSON.stringify(weightsPath)}
def init(id, **more):
    more = {"name": "train", "group": "wine-1", "job_type": "train", **more} if "resume" not in more else more
    return wandb.init(entity="acme", project="wine", id=id, settings=wandb.Settings(x_disable_stats=True, x_disable_machine_info=True), **more)
`;

/** Plays a scenario as core does: batches of a thousand, each process with what the one before it stored. */
export async function play(tracker: () => Promise<WandbTracker>, { name, start, settings = {}, logged, outcome }: Scenario): Promise<void> {
  const identity = newIdentity();
  const begun = newStart({ ...start, settings: { runId: name, jobType: 'train', ...settings } });
  let known: Awaited<ReturnType<WandbTracker['open']>>['ref'] | undefined;
  let seq = 1;
  for (const part of logged) {
    const run = await (await tracker()).open(identity, begun, known, never);
    const events = eventsOf(part, seq);
    seq += events.length;
    for (let at = 0; at < events.length; at += 1_000) await run.deliver(events.slice(at, at + 1_000), never);
    known = await run.close(outcome ?? { status: 'completed' }, Date.now(), never);
  }
}

/** Of a file that is there. */
export function artifactEvent(path: string, type?: string): LoggedEvent {
  const sha256 = createHash('sha256').update(WEIGHTS).digest('hex');
  const file = { path, uri: pathToFileURL(weightsPath).href, sha256, size: WEIGHTS.length };
  return { kind: 'artifact', ...file, ...(type !== undefined && { type }) };
}
