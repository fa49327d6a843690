import { spawnSync } from 'node:child_process';

/** What one process cost, the children it waited for included. Seconds, to the millisecond. */
export interface ProcessCost {
  wall: number;
  /** User and system time together. */
  cpu: number;
  /** What it printed. */
  output: string;
}

/**
 * Descriptor 3 gets the shell's own report, so that it never mixes with what the process prints. The shell waits for the process, and the system then
 * counts it and all it waited for (wait4), which a process cannot do for itself before it has ended.
 */
const SCRIPT = 'TIMEFORMAT="%R %U %S"; exec 4>&2 2>&3 3>&-; time "$@" 2>&4 4>&-';

/**
 * Runs `node ARGS` to its end, on the Node that runs us.
 * @throws when it does not end with exit code 0, with what it wrote to stderr
 */
export function costOfNode(args: readonly string[], cwd: string): ProcessCost {
  const { status, stdout, stderr, output } = spawnSync('bash', ['-c', SCRIPT, 'time', process.execPath, ...args], {
    cwd,
    env: plainEnvironment(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}\n${stderr}`);
  const [wall = NaN, user = NaN, system = NaN] = (output[3] ?? '').trim().split(' ').map(Number);
  return { wall, cpu: user + system, output: stdout };
}

/** The caller's environment, without what would change how Node or Mortise starts. `LC_ALL`: the shell's decimal point. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(NODE_|MORTISE_|npm_)/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C', NO_COLOR: '1' };
}
