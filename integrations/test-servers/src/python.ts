import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { cleanEnvironment } from './clean-environment.ts';
import { programOf } from './provisioned.ts';

/** Ends the script when the process that started it has ended, whatever ended that: the pipe that is its stdin closes. */
const ENDS_WITH_ITS_STARTER = 'import os, threading; threading.Thread(target=lambda: os.read(0, 1) or os._exit(1), daemon=True).start()';

/**
 * Runs Python code in the environment that has MLflow's own client and returns what it printed on stdout.
 * `env` is added to this process's environment, from which the variables of trackers and AWS are taken out.
 * `import mlflow` alone takes seconds, so ask many things in one call.
 * @throws Error with the end of stderr when it exits with another code than 0, or takes longer than 5 minutes
 */
export async function python(code: string, env: Record<string, string> = {}): Promise<string> {
  return succeed(await runPython('mlflow', code, env));
}

/** As `python`, in the environment that has the clients `wandb`, `comet_ml` and `neptune_scale`; `cwd` is where they leave their files. */
export async function vendorPython(code: string, env: Record<string, string> = {}, cwd?: string): Promise<string> {
  return succeed(await vendorRun(code, env, cwd));
}

/** As `vendorPython`, for scripts that are to fail, too. */
export function vendorRun(code: string, env: Record<string, string> = {}, cwd?: string): Promise<EndedProgram> {
  return runPython('vendor-clients', code, env, cwd);
}

/** As `vendorRun`, in the environment that has ZenML, and the clients of W&B, Comet and Neptune that its flavors use. */
export function zenmlRun(code: string, env: Record<string, string>, cwd: string): Promise<EndedProgram> {
  return runPython('zenml', code, env, cwd);
}

/** One of the commands `wandb`, `comet` and `neptune`, from the same environment. */
export function vendorCommand(
  name: 'wandb' | 'comet' | 'neptune',
  args: readonly string[],
  env: Record<string, string> = {},
  cwd?: string,
): Promise<EndedProgram> {
  return run(join(dirname(programOf('vendor-clients')), name), args, env, cwd);
}

export interface EndedProgram {
  /** Exit code; null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

function runPython(
  where: 'mlflow' | 'vendor-clients' | 'zenml',
  code: string,
  env: Record<string, string>,
  cwd?: string,
): Promise<EndedProgram> {
  return run(programOf(where), ['-c', `${ENDS_WITH_ITS_STARTER}\n${code}`], env, cwd);
}

function run(program: string, args: readonly string[], env: Record<string, string>, cwd?: string): Promise<EndedProgram> {
  const options = {
    ...({ env: cleanEnvironment(env), timeout: 1_200_000, killSignal: 'SIGKILL', maxBuffer: 1 << 28 } as const),
    ...(cwd !== undefined && { cwd }),
  };
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : null, stdout, stderr });
    });
  });
}

function succeed({ code, stdout, stderr }: EndedProgram): string {
  if (code !== 0) throw new Error(`the Python script failed (${code}): ${stderr.trimEnd().slice(-2_000)}`);
  return stdout;
}
