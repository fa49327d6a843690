import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, isFree } from './free-port.ts';
import { startGuarded, type GuardedProcess } from './guarded-process.ts';
import type { RestartableServer } from './real-server.ts';

/** How one kind of server is started. */
export interface ServerCommand {
  name: string;
  /** The default of `port`: a free one. */
  port?: number | undefined;
  command: string;
  args: (folder: string, port: number) => string[];
  env: Record<string, string>;
  /** Path that answers 200 when it is ready. */
  healthPath: string;
  /** Puts into its folder what has to be there before the first start. */
  prepare: (folder: string) => Promise<void>;
  /** ms. How long it may take to be healthy. */
  startTimeout: number;
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(5_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    // Nothing listens yet.
    return false;
  }
}

async function waitUntil(isSo: () => Promise<boolean>, timeout: number): Promise<boolean> {
  const end = Date.now() + timeout;
  while (!(await isSo())) {
    if (Date.now() > end) return false;
    await sleep(100);
  }
  return true;
}

/** Starts a server in a new temporary folder and resolves when it is healthy. */
export async function startServer(server: ServerCommand): Promise<RestartableServer> {
  const folder = await mkdtemp(join(tmpdir(), `mortise-${server.name}-`));
  const port = server.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const log = join(folder, 'server.log');
  let current: GuardedProcess | undefined;

  const failure = async (what: string) => {
    const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
    return new Error(`${server.name} ${what}; the end of its log:\n${lines.slice(-20).join('\n')}`);
  };

  /** Resolves when nothing listens any more: the processes of a group do not end all at once. */
  async function away(how: 'kill' | 'end'): Promise<void> {
    if (!current?.running) return;
    await current[how]();
    if (!(await waitUntil(() => isFree(port), 60_000))) throw new Error(`${server.name} was killed, and port ${port} is still taken`);
  }

  async function start(): Promise<void> {
    if (current?.running) throw new Error(`${server.name} is already running on port ${port}`);
    // What listens there would answer in its place.
    if (!(await isFree(port))) throw new Error(`${server.name} cannot start: port ${port} is taken`);
    const started = await startGuarded(server.command, server.args(folder, port), { cwd: folder, env: server.env, log, removes: folder });
    current = started;
    const healthy = await waitUntil(async () => !started.running || (await isHealthy(url + server.healthPath)), server.startTimeout);
    if (healthy && started.running) return;
    const error = await failure(started.running ? `was not healthy within ${server.startTimeout / 1000} s` : 'ended at its start');
    await started.kill();
    throw error;
  }

  async function stop(): Promise<void> {
    await away('end');
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }

  try {
    await server.prepare(folder);
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, folder, kill: () => away('kill'), start, stop };
}
