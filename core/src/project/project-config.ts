import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadProjectConfig } from '../errors.ts';
import { parseEditedJson } from '../parse-edited-json.ts';
import { isComponentName } from '../stack/component-name.ts';
import { fileErrorCode, fileErrorReason } from './file-error.ts';
import type { Project } from './project.ts';
import { replaceFile } from './replace-file.ts';

/** What `.mortise/config.json` holds. */
export interface ProjectConfig {
  activeStack?: string;
}

/** Name of the stack that `init` makes, and the active one where nothing else is said. */
export const DEFAULT_STACK = 'default';

/**
 * The project's config; empty where there is no file yet.
 * @throws BadProjectConfig
 */
export function readProjectConfig(project: Project): ProjectConfig {
  const path = configPath(project);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return {};
    throw new BadProjectConfig({ path, reason: fileErrorReason(error) }, { cause: error });
  }
  const { config, reason } = parse(text);
  if (config === undefined) throw new BadProjectConfig({ path, reason });
  return config;
}

/**
 * Replaces the project's config. All or nothing: a reader sees the old file or the new one.
 * @throws FolderNotWritable
 */
export function writeProjectConfig(project: Project, config: ProjectConfig): void {
  replaceFile(configPath(project), `${JSON.stringify(config, undefined, 2)}\n`);
}

/**
 * Name of the active stack: `MORTISE_ACTIVE_STACK`, or the one of the project's config, or `default`.
 * @throws BadProjectConfig
 */
export function activeStackName(project: Project): string {
  return process.env['MORTISE_ACTIVE_STACK'] || (readProjectConfig(project).activeStack ?? DEFAULT_STACK);
}

function configPath(project: Project): string {
  return join(project.folder, 'config.json');
}

function parse(text: string): { config: ProjectConfig; reason?: never } | { config?: never; reason: string } {
  let value: unknown;
  try {
    value = parseEditedJson(text);
  } catch {
    return { reason: 'it is not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { reason: 'it is not a JSON object' };
  const { activeStack } = value as { activeStack?: unknown };
  if (activeStack === undefined) return { config: {} };
  if (typeof activeStack !== 'string' || !isComponentName(activeStack)) return { reason: '"activeStack" is not the name of a stack' };
  return { config: { activeStack } };
}
