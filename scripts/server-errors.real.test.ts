import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  canStart,
  sharedMlflow,
  sharedS3,
  startMlflow,
  startNobody,
  type MlflowServer,
  type RealServer,
  type SharedMlflow,
  type SharedS3,
} from '@mortise/test-servers';

import { buildCommand, cliProject, type CliProject, type CommandResult } from '../cli/src/testing/cli-project.ts';
import { installGuidesNeeds } from './testing/guide-packages.ts';

const PIPELINE = `
import { activeRun, pipeline, step } from '@mortise/core';
const train = step('train', { experimentTracker: true, cache: false }, () => { activeRun().logMetric('loss', 1); return 1; });
export const small = pipeline('small', () => train());
`;
const WRONG = 'wrong-pa55word';
const ADMIN = { username: 'admin', password: 'a-long-password-of-admin' };

/** A component that cannot be used, and in which words that is said. */
interface Case {
  what: string;
  flavor: 'mlflow' | 's3';
  config: () => string[];
  says: RegExp;
}

(canStart('mlflow', 's3') ? describe : describe.skip)('a component that cannot be used is told of in one line,', () => {
  let project: CliProject;
  let mlflow: SharedMlflow;
  let guarded: MlflowServer;
  let s3: SharedS3;
  let otherHost: Server;
  let nobody: RealServer;
  const said: string[] = [];

  beforeAll(async () => {
    buildCommand();
    [mlflow, guarded, s3] = await Promise.all([sharedMlflow(), startMlflow({ auth: ADMIN }), sharedS3()]);
    otherHost = await underAnotherName(mlflow.url);
    nobody = await startNobody();
    project = cliProject();
    installGuidesNeeds(project);
    project.write('small.js', PIPELINE);
    for (const command of [
      'init',
      'experiment-tracker flavor register @mortise/mlflow',
      'artifact-store flavor register @mortise/mlflow#artifactStore',
      'artifact-store flavor register @mortise/s3',
    ])
      expect(await mortise(...command.split(' '))).toMatchObject({ code: 0, stderr: '' });
    await mortise('secret', 'create', 'team', '--from-env', 'key=KEY', '--from-env', 'secret=SECRET', '--from-env', 'wrong=WRONG');
  });
  afterAll(async () => {
    project?.remove();
    otherHost?.close();
    await Promise.all([mlflow?.stop(), guarded?.stop(), s3?.stop(), nobody?.stop()]);
  });

  async function mortise(...args: string[]): Promise<CommandResult> {
    const result = await project.mortise(args, {
      env: { XDG_CONFIG_HOME: `${project.folder}/.config`, KEY: s3.accessKeyId, SECRET: s3.secretAccessKey, WRONG },
    });
    said.push(result.stdout, result.stderr);
    return result;
  }

  const bucket = (path: string, endpoint: string) => [`--path=${path}`, `--endpoint=${endpoint}`, '--key={{secret.team.key}}'];
  const right = '--secret={{secret.team.secret}}';
  const wrongUser = ['--trackingUsername=admin', '--trackingPassword={{secret.team.wrong}}'];
  const mlflowCases: Case[] = [
    {
      what: 'a server that is not there',
      flavor: 'mlflow',
      config: () => [`--trackingUri=${nobody.url}`],
      says: /cannot be reached \(ECONNREFUSED\)/,
    },
    {
      ...{ what: 'wrong credentials', flavor: 'mlflow' },
      config: () => [`--trackingUri=${guarded.url}`, ...wrongUser],
      says: /the password or token is wrong.*(trackingPassword)/,
    },
    {
      ...{ what: 'a host that the server does not allow', flavor: 'mlflow' },
      config: () => [`--trackingUri=http://127.0.0.2:${(otherHost.address() as AddressInfo).port}`],
      says: /does not allow .*Invalid Host header.*--allowed-hosts/,
    },
    {
      what: 'a server that is no MLflow',
      flavor: 'mlflow',
      config: () => [`--trackingUri=${s3.url}`],
      says: /Is it an MLflow tracking server\?.*trackingUri/,
    },
  ];
  const s3Cases: Case[] = [
    {
      ...{ what: 'a server that is not there', flavor: 's3' },
      config: () => [...bucket(`s3://${s3.bucket}`, nobody.url), right],
      says: /cannot be reached: nothing listens there/,
    },
    {
      ...{ what: 'a wrong secret', flavor: 's3' },
      config: () => [...bucket(`s3://${s3.bucket}`, s3.url), '--secret={{secret.team.wrong}}'],
      says: /the secret does not belong to the access key/,
    },
    {
      ...{ what: 'a bucket that is not there', flavor: 's3' },
      config: () => [...bucket('s3://no-such-bucket', s3.url), right],
      says: /there is no bucket "no-such-bucket"/,
    },
    {
      ...{ what: 'a server that is no S3', flavor: 's3' },
      config: () => [...bucket(`s3://${s3.bucket}`, mlflow.url), right],
      says: /is no S3 server/,
    },
  ];

  const linesOf = (text: string) => text.trimEnd().split('\n');
  async function stackWith(
    type: 'experiment-tracker' | 'artifact-store',
    { flavor, config }: Case,
  ): Promise<{ registered: CommandResult; stack: string }> {
    const stack = `${type}-${said.length}`;
    const registered = await mortise(type, 'register', stack, `--flavor=${flavor}`, ...config());
    const parts = type === 'artifact-store' ? ['-a', stack, '-e', 'default'] : ['-a', 'default', '-e', stack];
    expect(await mortise('stack', 'register', stack, '-o', 'default', ...parts)).toMatchObject({ code: 0, stderr: '' });
    return { registered, stack };
  }
  async function expectValidation(stack: string, says: RegExp): Promise<void> {
    const { code, stdout, stderr } = await mortise('stack', 'validate', stack);
    expect(code).toBe(1);
    expect(linesOf(stdout).filter((line) => line.includes(' failed '))).toEqual([expect.stringMatching(says)]);
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^error STACK_INVALID: /)]);
  }
  function expectWarning({ code, stdout, stderr }: CommandResult, says: RegExp): void {
    expect([code, stderr]).toEqual([0, '']);
    expect(linesOf(stdout)).toEqual([
      expect.stringMatching(/^registered /),
      expect.stringMatching(/^warning: it cannot be used from here as it is: /),
    ]);
    expect(stdout).toMatch(says);
  }

  it.each(mlflowCases)('as a tracker: $what, when it is registered, validated and used (the run completes)', async (tracker) => {
    const { registered, stack } = await stackWith('experiment-tracker', tracker);
    expectWarning(registered, tracker.says);
    await expectValidation(stack, tracker.says);
    const { code, stdout, stderr } = await mortise('run', 'small.js', '--stack', stack);
    expect([code, stderr]).toEqual([0, '']);
    expect(linesOf(stdout).filter((line) => line.startsWith('warning: '))).toEqual([expect.stringMatching(tracker.says)]);
  });

  it.each([...mlflowCases, ...s3Cases])(
    'as an artifact store ($flavor): $what, when it is registered, validated and used (the run fails)',
    async (store) => {
      const { registered, stack } = await stackWith('artifact-store', store);
      expectWarning(registered, store.says);
      await expectValidation(stack, store.says);
      const { code, stdout, stderr } = await mortise('run', 'small.js', '--stack', stack);
      expect([code, stderr]).toEqual([1, '']);
      expect(linesOf(stdout).at(-1)).toMatch(store.says);
    },
  );

  it('nowhere with a stack trace or a secret', () => {
    const all = said.join('\n');
    expect(said.length).toBeGreaterThan(40);
    expect(all).not.toMatch(/^ +at /m);
    for (const secret of [WRONG, s3.secretAccessKey, ADMIN.password]) expect(all).not.toContain(secret);
  });
});

/** The same server at an address that is not one of those it was told to answer to. */
async function underAnotherName(url: string): Promise<Server> {
  const { port } = new URL(url);
  const server = createServer((socket) => {
    const target = connect(Number(port), '127.0.0.1');
    for (const side of [socket, target]) side.on('error', () => void (socket.destroy(), target.destroy()));
    socket.pipe(target).pipe(socket);
  }).listen(0, '127.0.0.2');
  await once(server, 'listening');
  return server.unref();
}
