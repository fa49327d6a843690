import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { take } from '../testing/taken-runs.ts';

/** As neptune 1.14.0.post2 wrote it, but for the paths. */
const RECORDED = (folder: string): string => `
{"obj": {"type": "AssignString", "path": ["sys", "name"], "value": "bold cat"}, "version": 1, "at": 1795288650.04666}
{"obj": {"type": "AssignString", "path": ["sys", "description"], "value": "a note"}, "version": 2, "at": 1795288650.046891}
{"obj": {"type": "AddStrings", "path": ["sys", "tags"], "values": ["t1"]}, "version": 3, "at": 1795288650.0471084}
{"obj": {"type": "AssignBool", "path": ["sys", "failed"], "value": false}, "version": 4, "at": 1795288650.047297}
{"obj": {"type": "UploadFileSet", "path": ["source_code", "files"], "file_globs": [], "reset": "False"}, "version": 6, "at": 1795288650.0481224}
{"obj": {"type": "AssignFloat", "path": ["params", "lr"], "value": 0.01}, "version": 7, "at": 1795288650.0538092}
{"obj": {"type": "AssignInt", "path": ["params", "n"], "value": 3}, "version": 8, "at": 1795288650.054083}
{"obj": {"type": "AssignBool", "path": ["params", "on"], "value": true}, "version": 9, "at": 1795288650.0542636}
{"obj": {"type": "AssignString", "path": ["params", "opt"], "value": "adam"}, "version": 10, "at": 1795288650.054417}
{"obj": {"type": "AssignInt", "path": ["params", "net", "depth"], "value": 3}, "version": 11, "at": 1795288650.0546203}
{"obj": {"type": "AssignDatetime", "path": ["when"], "value": 1769947200250}, "version": 12, "at": 1795288650.0583115}
{"obj": {"type": "AddStrings", "path": ["sys", "tags"], "values": ["t2"]}, "version": 13, "at": 1795288650.0585098}
{"obj": {"type": "RemoveStrings", "path": ["sys", "tags"], "values": ["t1"]}, "version": 14, "at": 1795288650.0585926}
{"obj": {"type": "AddStrings", "path": ["sys", "group_tags"], "values": ["g1"]}, "version": 15, "at": 1795288650.0586824}
{"obj": {"type": "LogFloats", "path": ["train", "loss"], "values": [{"value": 1.0, "step": 0.0, "ts": 1795288650.0592165}]}, "version": 16, "at": 1795288650.059283}
{"obj": {"type": "LogFloats", "path": ["train", "loss"], "values": [{"value": 0.5, "step": 0.5, "ts": 1795288650.0595152}]}, "version": 17, "at": 1795288650.0595686}
{"obj": {"type": "LogFloats", "path": ["train", "acc"], "values": [{"value": 0.5, "step": null, "ts": 1795288650.0600088}]}, "version": 19, "at": 1795288650.060056}
{"obj": {"type": "LogFloats", "path": ["train", "acc"], "values": [{"value": 0.6, "step": null, "ts": 1795288650.0602086}, {"value": 0.7, "step": null, "ts": 1795288650.0602086}]}, "version": 20, "at": 1795288650.0602582}
{"obj": {"type": "LogStrings", "path": ["monitoring", "1a", "stdout"], "values": [{"value": "out line", "step": null, "ts": 1795288650.0609775}]}, "version": 22, "at": 1795288650.0610232}
{"obj": {"type": "UploadFile", "path": ["model"], "ext": "bin", "file_path": "${folder}/weights.bin", "tmp_file_name": null, "clean_after_upload": false}, "version": 23, "at": 1795288650.061417}
{"obj": {"type": "UploadFile", "path": ["inline"], "ext": "txt", "file_path": null, "tmp_file_name": "inline-1795288650.065979.txt", "clean_after_upload": false}, "version": 24, "at": 1795288650.0662456}
{"obj": {"type": "DeleteAttribute", "path": ["params", "opt"]}, "version": 25, "at": 1795288650.0664668}
{"obj": {"type": "AssignBool", "path": ["sys", "failed"], "value": true}, "version": 26, "at": 1795288650.0665746}
`;

const metadataOf = (containerType: string): string =>
  JSON.stringify({
    mode: 'offline',
    containerId: '233202d9',
    containerType,
    structureVersion: 3,
    createdAt: '2026-11-21T19:17:30.044729+00:00',
  });

let folder: string;
let run: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mortise-neptune-'));
  run = join(folder, '.neptune/offline/run__233202d9__10898__s196nu4h');
  mkdirSync(join(run, 'upload_path'), { recursive: true });
  writeFileSync(join(run, 'metadata.json'), metadataOf('run'));
  writeFileSync(join(run, 'data-1.log'), RECORDED(folder).trimStart());
  writeFileSync(join(run, 'upload_path/inline-1795288650.065979.txt'), 'hello');
  writeFileSync(join(folder, 'weights.bin'), 'the weights');
  utimesSync(join(folder, 'weights.bin'), 1_795_288_600, 1_795_288_600);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a run that the client of Neptune 1.x kept offline is taken over', async () => {
  const { runs, warnings } = await take(folder);
  expect(warnings).toEqual([]);
  expect(runs.length).toBe(1);
  const [{ run: taken, state, files }] = runs as [(typeof runs)[0]];
  expect(taken).toMatchObject({
    id: 'offline/233202d9',
    name: 'bold cat',
    experiment: 'offline',
    group: 'g1',
    startedAt: Date.UTC(2026, 10, 21, 19, 17, 30, 44),
  });
  expect(taken.outcome).toEqual({ status: 'failed', error: { name: 'Error', message: 'marked as failed in Neptune' } });
  // What was deleted is gone.
  expect(state.params).toEqual({
    'params/lr': 0.01,
    'params/n': 3,
    'params/on': true,
    'params/net/depth': 3,
    when: '2026-02-01T12:00:00.250Z',
  });
  expect(state.tags).toEqual({ t2: 'true' });
  expect({ note: state.note, logs: state.logs }).toEqual({ note: 'a note', logs: [{ stream: 'out', text: 'out line' }] });
  expect(state.metrics).toEqual([
    { name: 'train/loss', step: 0, value: 1 },
    { name: 'train/loss', step: 0.5, value: 0.5 },
    ...[0.5, 0.6, 0.7].map((value, step) => ({ name: 'train/acc', step, value })),
  ]);
  expect(files).toEqual({ 'model.bin': 'the weights', 'inline.txt': 'hello' });
});

test('of several group tags one becomes the group, and the others are told of', async () => {
  const line = JSON.stringify({
    obj: { type: 'AddStrings', path: ['sys', 'group_tags'], values: ['g2', 'g3'] },
    version: 27,
    at: 1795288651,
  });
  writeFileSync(join(run, 'data-2.log'), `${line}\n`);
  const { runs, warnings } = await take(folder);
  expect(runs[0]!.run).toMatchObject({ group: 'g1' });
  expect(runs[0]!.run).not.toHaveProperty('otherGroups');
  expect(warnings).toEqual(['of its group tags "g1" is its group, as a run has one here; not taken over: "g2", "g3"']);
});

test('a log in parts whose last line was cut is taken over as far as it goes', async () => {
  writeFileSync(
    join(run, 'data-10.log'),
    '{"obj": {"type": "AssignInt", "path": ["params", "n"], "value": 5}, "version": 30, "at": 1795288651}\n{"obj": {"ty',
  );
  writeFileSync(
    join(run, 'data-9.log'),
    '{"obj": {"type": "AssignInt", "path": ["params", "n"], "value": 4}, "version": 29, "at": 1795288651}\n',
  );
  const { runs, warnings } = await take(folder);
  expect(runs[0]!.state.params['params/n']).toBe(5);
  expect(warnings).toEqual([expect.stringMatching(/^a line of .*data-10.log is not taken over: it is no operation$/)]);
});

test('what has no place here is told, by its name; a set of texts is a param', async () => {
  const lines = [
    { type: 'LogImages', path: ['images'], values: [] },
    { type: 'UploadFileSet', path: ['sets'], file_globs: ['*.py'] },
    { type: 'AddStrings', path: ['labels'], values: ['x', 'y'] },
    { type: 'RemoveStrings', path: ['labels'], values: ['x'] },
  ];
  writeFileSync(join(run, 'data-2.log'), lines.map((obj, version) => JSON.stringify({ obj, version, at: 1 })).join('\n'));
  const { runs, warnings } = await take(folder);
  expect(runs[0]!.state.params['labels']).toEqual(['y']);
  expect(warnings).toEqual(['LogImages of "images" is not taken over', 'the set of files "sets" is not taken over']);
});

test('a copy of its folder, an older one too, is told of, and nothing is there twice', async () => {
  const backup = join(folder, 'backup', 'run__233202d9');
  cpSync(run, backup, { recursive: true });
  const point = { value: 0.8, step: null, ts: 1795288652 };
  const obj = { type: 'LogFloats', path: ['train', 'acc'], values: [point] };
  appendFileSync(join(run, 'data-1.log'), `${JSON.stringify({ obj, version: 27, at: 1795288652 })}\n`);
  const { runs, warnings } = await take(folder);
  const acc = runs[0]!.state.metrics.filter(({ name }) => name === 'train/acc');
  expect(acc.map(({ step, value }) => [step, value])).toEqual([0.5, 0.6, 0.7, 0.8].map((value, step) => [step, value]));
  expect(warnings).toEqual([`${backup} is a copy of ${run}, and is left out`]);
});

test('a model is no run', async () => {
  writeFileSync(join(run, 'metadata.json'), metadataOf('model'));
  await expect(take(folder)).rejects.toThrow(/there is no run of Neptune in it/);
});

test('integers that no number of JavaScript has are taken over as all their digits', async () => {
  const operation =
    '{"obj": {"type": "AssignInt", "path": ["params", "seed"], "value": 9223372036854775807}, "version": 27, "at": 1795288650.1}';
  appendFileSync(join(run, 'data-1.log'), `${operation}\n`);
  const [{ state }] = (await take(folder)).runs as [Awaited<ReturnType<typeof take>>['runs'][0]];
  expect(state.params).toMatchObject({ 'params/n': 3, 'params/seed': '9223372036854775807' });
});

test('a file that was written to since it was logged is told of, and a folder in its place is no file, and ends nothing', async () => {
  utimesSync(join(folder, 'weights.bin'), 1_795_288_700, 1_795_288_700);
  const written = await take(folder);
  expect(written.warnings).toEqual(['the file "model" was written to after it was logged, and may be another one by now']);
  expect(written.runs[0]!.files).toEqual({ 'model.bin': 'the weights', 'inline.txt': 'hello' });
  rmSync(join(folder, 'weights.bin'));
  mkdirSync(join(folder, 'weights.bin'));
  const { runs, warnings } = await take(folder);
  expect(warnings).toEqual(['the file "model" is not taken over: it is not there']);
  expect(runs[0]!.files).toEqual({ 'inline.txt': 'hello' });
});
