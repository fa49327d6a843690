import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { consumer, type Consumer } from './testing/consumer.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** What a package of others exports, by what it is. The compiler writes their types down, and can only name what the packages export. */
const EXPORTS = {
  'a hook': 'export const onFailure = notify();',
  'the map of a step': 'export const mapAll = two.map;',
  'a function that runs a pipeline': 'export const run = <R extends StepOutput<unknown>>(p: TypedPipeline<{}, {}, R>) => p.run();',
  'a function that runs a pipeline with params': 'export const runWith = <P, R>(p: TypedPipeline<P, {}, R>) => p.run;',
  'a function that plans a pipeline': 'export const plan = <P, R>(p: TypedPipeline<P, {}, R>) => p.compile;',
  'a function that calls a step':
    'export const call = <F extends () => unknown, O>(s: Step<F, O>) => (...a: Parameters<typeof s>) => s(...a);',
  'what a collection of garbage freed': 'export const freed = async (client: Client) => (await client.collectGarbage()).objects;',
  'the parts of a stack document': 'export const parts = (document: StackDocument) => ({ ...document });',
  'the flavors of an imported stack': 'export const flavors = (stack: ImportedStack) => stack.flavors;',
  'a call that registers a component': 'export const register = (client: Client) => client.registerComponent;',
  'a cache key': 'export const keyOf = (options: StepOptions) => options.cacheKey;',
  'the order of a list': 'export const order = (query: StackQuery) => query.sort;',
  'the values of a secret': 'export const valuesOf = (change: SecretChange) => change.set;',
  'the check of a schema': "export const check = (schema: StandardSchema) => schema['~standard'].validate;",
  'a decorator of steps': 'export const cachedStep = step({ cache: true });',
  'a decorator of pipelines': "export const namedPipeline = pipeline({ name: 'x' });",
  'the steps of a plan': 'export const stepsOf = (plan: CompiledPipeline) => plan.steps;',
  'the members of a step': 'export const members = { ...two };',
  'the table of component types': 'export const types = COMPONENT_TYPES;',
  "a flavor's check of stacks": 'export const checkStack = (flavor: Flavor) => flavor.checkStack;',
  'what finds the pipelines of a file': 'export const find = filePipelines;',
  'the local flavors': 'export const locals = { localOrchestrator, localArtifactStore, localTracker, consoleAlerter, webhookAlerter };',
  'the tracker of MLflow': 'export const mlflowTracker = mlflow;',
  'the artifact store of MLflow': 'export const mlflowStore = artifactStore;',
  'the tracker of W&B': 'export const wandbTracker = wandb;',
  'the tracker of Comet': 'export const cometTracker = comet;',
  'the tracker of Neptune': 'export const neptuneTracker = neptune;',
  'the artifact store of S3': 'export const s3Store = s3;',
  'the artifact store of GCS': 'export const gcsStore = gcs;',
  'the artifact store of Azure': 'export const azureStore = azureBlob;',
};
const HEAD = `
import { COMPONENT_TYPES, filePipelines, notify, pipeline, step } from '@mortise/core';
import { consoleAlerter, localArtifactStore, localOrchestrator, localTracker, webhookAlerter } from '@mortise/flavor-local';
import azureBlob from '@mortise/azure-blob';
import comet from '@mortise/comet';
import gcs from '@mortise/gcs';
import mlflow, { artifactStore } from '@mortise/mlflow';
import neptune from '@mortise/neptune';
import s3 from '@mortise/s3';
import wandb from '@mortise/wandb';
import type { Client, ImportedStack, SecretChange, StackDocument, StackQuery } from '@mortise/core/client';
import type { CompiledPipeline, Flavor, StandardSchema, Step, StepOptions, StepOutput, TypedPipeline } from '@mortise/core';
const two = step('two', { outputs: ['a', 'b'] }, ({ n }: { n: number }) => ({ a: n, b: 'x' }));
`;

const PACKAGES = [
  'core',
  'flavors/local',
  ...['azure-blob', 'comet', 'gcs', 'mlflow', 'mlflow-client', 'neptune', 's3', 'wandb', 'wandb-client'].map(
    (name) => `integrations/${name}`,
  ),
];
const options = { module: 'nodenext', target: 'es2023', strict: true, types: ['node'], declaration: true, emitDeclarationOnly: true };
let others: Consumer;
let errors: string[];
beforeAll(() => {
  others = consumer(PACKAGES, ['@aws-sdk', '@azure', '@google-cloud', '@smithy']);
  others.write('exports.ts', [HEAD.trim(), ...Object.values(EXPORTS)].join('\n'));
  const compilerOptions = { ...options, outDir: 'out', rootDir: '.' };
  others.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['exports.ts'] }));
  errors = others
    .tsc()
    .stdout.split('\n')
    .filter((line) => / error TS\d+:|^error /.test(line));
});
afterAll(() => others.remove());

const first = HEAD.trim().split('\n').length + 1;
test.each(Object.keys(EXPORTS).map((what, index) => ({ what, line: first + index })))(
  'a package of others can export $what and have its declarations written',
  ({ line }) => expect(errors.filter((error) => error.startsWith(`exports.ts(${line},`))).toEqual([]),
);

test('and nothing else is wrong with it', () => {
  const lines = Object.keys(EXPORTS).map((_, index) => `exports.ts(${first + index},`);
  expect(errors.filter((error) => !lines.some((line) => error.startsWith(line)))).toEqual([]);
  // A compiler that did not run has told of no error either.
  expect(existsSync(join(others.folder, 'out/exports.d.ts'))).toBe(true);
});

test('what the declarations of a client use of bytes has a meaning before TypeScript 5.7', () => {
  const declarations = globSync('integrations/{mlflow-client,wandb-client}/dist/parts/**/*.d.ts', { cwd: repository });
  expect(declarations.length).toBeGreaterThan(10);
  const withoutComments = (file: string) => readFileSync(join(repository, file), 'utf8').replaceAll(/\/\*[^]*?\*\//g, '');
  expect(declarations.filter((file) => withoutComments(file).includes('Uint8Array<'))).toEqual([]);
});
