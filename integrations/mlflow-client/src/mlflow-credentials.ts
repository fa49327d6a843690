import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MlflowError } from './mlflow-error.ts';

export interface MlflowCredentials {
  username?: string;
  password?: string;
}

const SECTION = 'mlflow';
const [USERNAME, PASSWORD] = ['mlflow_tracking_username', 'mlflow_tracking_password'];

/** What `~/.mlflow/credentials` says, where MLflow's own client looks for what no variable gives. Throws `MlflowError` without a word of what is in it. */
export function mlflowCredentials(env: NodeJS.ProcessEnv): MlflowCredentials {
  const home = env[process.platform === 'win32' ? 'USERPROFILE' : 'HOME'];
  if (!home) return {};
  const path = join(home, '.mlflow', 'credentials');
  const text = textOf(path);
  if (text === undefined) return {};
  const values = valuesIn(text, path);
  const [username, password] = [values.get(USERNAME), values.get(PASSWORD)];
  return { ...(username && { username }), ...(password && { password }) };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new MlflowError('invalid', `MLflow's credentials in ${path} cannot be read (${code})`, { cause });
  }
}

/** Of the section `[mlflow]`, as Python's `configparser` reads it: names without regard to case, `%%` for `%`. */
function valuesIn(text: string, path: string): Map<string, string> {
  const values = new Map<string, string>();
  let section: string | undefined;
  for (const [index, given] of text.split(/\r\n|\r|\n/).entries()) {
    const line = given.trim();
    if (line === '' || /^[#;]/.test(line)) continue;
    const header = /^\[(.+)\]/.exec(line);
    if (header !== null) {
      section = header[1];
      continue;
    }
    const [, name, value] = /^([^=:]+)[=:](.*)$/.exec(line) ?? [];
    if (section === undefined || name === undefined)
      throw new MlflowError('invalid', `line ${index + 1} of ${path} is not "name = value" in a section such as [${SECTION}]`);
    if (section === SECTION) values.set(name.trim().toLowerCase(), value!.trim().replaceAll('%%', '%'));
  }
  return values;
}
