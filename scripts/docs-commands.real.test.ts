import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PipelineRun, StepView } from '@mortise/core/client';
import { canStart, sharedMlflow, sharedS3, type SharedMlflow, type SharedS3 } from '@mortise/test-servers';

import { buildCommand, cliProject, type CliProject } from '../cli/src/testing/cli-project.ts';
import { GUIDES_WITH_SERVERS, guideEnvironment, guideSession, type Replacements } from './testing/guide-session.ts';
import { documentModules } from './testing/markdown-code.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const LAPTOP_TO_TEAM = 'docs/laptop-to-team.md';

(canStart('mlflow', 's3') ? describe : describe.skip)('with real servers, the commands', () => {
  let mlflow: SharedMlflow;
  let s3: SharedS3;
  /** What stands for the addresses and keys that a reader would have. */
  let replacements: Replacements;
  beforeAll(async () => {
    buildCommand();
    [mlflow, s3] = await Promise.all([sharedMlflow(), sharedS3()]);
    replacements = {
      'http://127.0.0.1:5000': mlflow.url,
      'http://127.0.0.1:7070': s3.url,
      's3://mortise': `s3://${s3.bucket}`,
      'example-key': s3.accessKeyId,
      'example-secret': s3.secretAccessKey,
    };
  });
  afterAll(async () => {
    await mlflow?.stop();
    await s3?.stop();
  });

  async function runGuide(document: string, project: CliProject): Promise<void> {
    for await (const { text, exitCode, code, stderr } of guideSession(document, project, replacements))
      expect({ command: text, code, stderr: exitCode === 0 ? '' : stderr }).toEqual({ command: text, code: exitCode, stderr });
  }

  it.each(GUIDES_WITH_SERVERS.filter((document) => document !== LAPTOP_TO_TEAM))(
    'of %s end as it says, one after the other',
    async (document) => {
      const project = cliProject();
      try {
        await runGuide(document, project);
      } finally {
        project.remove();
      }
    },
  );

  describe(`of ${LAPTOP_TO_TEAM} end as it says, and`, () => {
    let project: CliProject;
    let runs: Record<'on-laptop' | 'on-team' | 'on-team-again' | 'on-laptop-again', PipelineRun>;
    beforeAll(async () => {
      project = cliProject();
      await runGuide(LAPTOP_TO_TEAM, project);
      const named = async (name: string) => [name, JSON.parse(await shown(name, '--output', 'json')) as PipelineRun] as const;
      const names = ['on-laptop', 'on-team', 'on-team-again', 'on-laptop-again'];
      runs = Object.fromEntries(await Promise.all(names.map(named))) as typeof runs;
    });
    afterAll(() => project?.remove());

    /** With the key of the guide's secrets, or else what the bucket holds cannot be found. */
    async function shown(...args: string[]): Promise<string> {
      const { code, stdout, stderr } = await project.mortise(['runs', 'show', ...args], { env: guideEnvironment(project) });
      expect([code, stderr]).toEqual([0, '']);
      return stdout;
    }
    const statuses = (run: PipelineRun) => Object.values(run.steps).map(({ status }) => status);
    const outputOf = (run: PipelineRun, step: string) => run.steps[step]!.outputs['output']!;
    const urlOf = (step: StepView | undefined) => step?.runMetadata['experiment_tracker_url']?.value as string;

    it('nothing in the code changed', () => {
      expect(readFileSync(join(project.folder, 'train.ts'), 'utf8')).toBe(
        `${documentModules(join(repository, LAPTOP_TO_TEAM))[0]!.text}\n`,
      );
      expect([runs['on-laptop'].stack.name, runs['on-team'].stack.name]).toEqual(['laptop', 'team']);
    });

    it('the results are the same on both stacks', () => {
      for (const step of ['load', 'train', 'describe'])
        expect(outputOf(runs['on-team'], step).sha256).toBe(outputOf(runs['on-laptop'], step).sha256);
      const { metrics, params } = runs['on-laptop'].steps['train']!.tracker;
      expect(runs['on-team'].steps['train']!.tracker).toMatchObject({ metrics, params });
    });

    it('no bytes on the laptop are a cache hit for the team', () => {
      expect(statuses(runs['on-team'])).toEqual(['completed', 'completed', 'completed']);
      expect(outputOf(runs['on-team'], 'train').uri).toMatch(new RegExp(`^s3://${s3.bucket}/team/`));
      expect(outputOf(runs['on-laptop'], 'train').uri).toMatch(/^file:/);
    });

    it('each stack has its own results from the cache afterwards', () => {
      expect(statuses(runs['on-team-again'])).toEqual(['cached', 'cached', 'cached']);
      expect(statuses(runs['on-laptop-again'])).toEqual(['cached', 'cached', 'cached']);
      expect(outputOf(runs['on-team-again'], 'train').uri).toBe(outputOf(runs['on-team'], 'train').uri);
      expect(outputOf(runs['on-laptop-again'], 'train').uri).toBe(outputOf(runs['on-laptop'], 'train').uri);
    });

    it('the run is at MLflow, under its parent, with its parameter, its curve and its end', async () => {
      const run = await runOf(urlOf(runs['on-team'].steps['train']));
      expect(run.info).toMatchObject({ run_name: 'train', status: 'FINISHED' });
      expect(run.data.params).toContainEqual({ key: 'rate', value: '0.01' });
      const parent = await runOf(String(runs['on-team'].trackerRuns[0]!.url));
      expect(parent.info).toMatchObject({ run_name: 'on-team', status: 'FINISHED' });
      expect(run.data.tags).toContainEqual({ key: 'mlflow.parentRunId', value: parent.info.run_id });
      const { metrics } = await asked<{ metrics: { step?: number; value: number }[] }>(
        `metrics/get-history?run_id=${run.info.run_id}&metric_key=loss&max_results=1000`,
      );
      expect(metrics.map(({ step = 0 }) => step)).toEqual(Array.from({ length: 100 }, (_, i) => i));
      expect(metrics.at(-1)!.value).toBe(runs['on-laptop'].steps['train']!.tracker.metrics['loss']!.last);
    });

    it('what the steps gave and logged is in the bucket, at the sizes that were recorded', async () => {
      const client = new S3Client({
        ...{ endpoint: s3.url, region: s3.region, forcePathStyle: true },
        credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
      });
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: 'team/' }));
      client.destroy();
      const sizes = new Map(Contents.map(({ Key, Size }) => [`s3://${s3.bucket}/${Key}`, Size]));
      for (const step of ['load', 'train', 'describe']) {
        const { uri, size } = outputOf(runs['on-team'], step);
        expect(sizes.get(String(uri))).toBe(size);
      }
      expect([...sizes.keys()].filter((key) => key.endsWith('line.json'))).toHaveLength(1);
    });

    it('"runs show" has the address of the tracker run, of a cached step that of the run which did the work', async () => {
      const url = urlOf(runs['on-team'].steps['train']);
      expect(url).toMatch(new RegExp(`^${mlflow.url}/#/experiments/\\d+/runs/[0-9a-f]{32}$`));
      expect(urlOf(runs['on-team-again'].steps['train'])).toBe(url);
      expect(urlOf(runs['on-laptop'].steps['train'])).toMatch(/^file:/);
      expect(await shown('on-team')).toContain(url);
    });

    interface RunAtMlflow {
      info: { run_id: string; run_name: string; status: string };
      data: { params: { key: string; value: string }[]; tags: { key: string; value: string }[] };
    }
    async function runOf(url: string): Promise<RunAtMlflow> {
      return (await asked<{ run: RunAtMlflow }>(`runs/get?run_id=${url.split('/').at(-1)}`)).run;
    }
    async function asked<T>(path: string): Promise<T> {
      const answer = await fetch(`${mlflow.url}/api/2.0/mlflow/${path}`);
      expect(answer.status).toBe(200);
      return (await answer.json()) as T;
    }
  });
});
