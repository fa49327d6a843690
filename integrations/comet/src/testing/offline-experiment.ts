import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Json } from '@mortise/core';

import { RunFiles } from '../offline/run-files.ts';
import { CometExperiment } from './comet-experiment.ts';
import { unzipped } from './unzipped.ts';

type Payload = Record<string, unknown>;
interface Message {
  type: string;
  payload: Payload;
}

/** What an offline run holds, in its archives and still open, as `comet upload` would make of it; undefined if there is nothing of it. */
export async function offlineExperiment(folder: string, key: string): Promise<CometExperiment | undefined> {
  const files = new RunFiles(folder, key);
  const parts = await files.parts();
  const isOpen = existsSync(files.log);
  if (parts === 0 && !isOpen) return undefined;
  const experiment = new CometExperiment(key, '', '');
  for (let part = 1; part <= parts; part++) {
    const entries = await unzipped(files.archive(part));
    readMessages(experiment, entries.get('messages.json')!.toString(), (name) => entries.get(name)!);
    const meta = JSON.parse(entries.get('experiment.json')!.toString()) as Payload;
    experiment.isAlive = false;
    experiment.endedAt = meta['stop_time'] as number;
    if (meta['customer_error_reported'] === true) experiment.error = meta['customer_error_message'] as string | null;
    for (const tag of meta['tags'] as string[]) experiment.tags.add(tag);
  }
  if (isOpen) {
    readMessages(experiment, await readFile(files.log, 'utf8'), (name) => readFileSync(join(files.assets, name)));
    experiment.isAlive = true;
  }
  return experiment;
}

function readMessages(experiment: CometExperiment, text: string, bytesOf: (name: string) => Buffer): void {
  for (const line of text.split('\n')) if (line.startsWith('{')) apply(experiment, JSON.parse(line) as Message, bytesOf);
}

function apply(experiment: CometExperiment, { type, payload }: Message, bytesOf: (name: string) => Buffer): void {
  switch (type) {
    case 'log_other':
      return void experiment.others.set(payload['key'] as string, payload['value'] as Json);
    case 'parameter_msg': {
      const { paramName, paramValue } = (payload['param'] ?? payload['params']) as { paramName: string; paramValue: Json };
      return void experiment.params.set(paramName, paramValue);
    }
    case 'metric_msg': {
      const metric = payload['metric'] as { metricName: string; metricValue: number | string; step: number; epoch: null };
      return void experiment.points.push({ ...metric, context: null, timestamp: payload['local_timestamp'] as number });
    }
    case 'htmlOverride':
      return void (experiment.html = [payload['htmlOverride'] as string]);
    case 'standard_output':
      return void experiment.lines.push({ output: payload['output'] as string, stderr: payload['stderr'] as boolean, offset: 0 });
    case 'file_upload': {
      const { fileName, assetId } = payload['additional_params'] as { fileName: string; assetId: string };
      const bytes = bytesOf(payload['file_path'] as string);
      return experiment.addAsset({ assetId, fileName, type: null, step: null, overwrite: true, metadata: {}, bytes });
    }
    default:
      throw new Error(`a message of the type ${type}`);
  }
}
