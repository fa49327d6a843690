import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BadProjectConfig, FolderNotWritable } from '../errors.ts';
import { activeStackName, readProjectConfig, writeProjectConfig } from './project-config.ts';
import { projectAt, type Project } from './project.ts';

describe('the project config', () => {
  let project: Project;
  const saved = { ...process.env };

  beforeEach(() => {
    project = projectAt(mkdtempSync(join(tmpdir(), 'mortise-config-')));
    mkdirSync(project.folder);
    delete process.env['MORTISE_ACTIVE_STACK'];
  });
  afterEach(() => {
    process.env = { ...saved };
    rmSync(project.root, { recursive: true });
  });

  test('is read back as it was written, and leaves no other file behind', () => {
    writeProjectConfig(project, { activeStack: 'team' });
    writeProjectConfig(project, { activeStack: 'laptop' });
    expect(readProjectConfig(project)).toEqual({ activeStack: 'laptop' });
    expect(readdirSync(project.folder)).toEqual(['config.json']);
  });

  test('names the active stack: the environment first, then the file, then "default"', () => {
    expect(activeStackName(project)).toBe('default');
    writeProjectConfig(project, { activeStack: 'team' });
    expect(activeStackName(project)).toBe('team');
    process.env['MORTISE_ACTIVE_STACK'] = 'other';
    expect(activeStackName(project)).toBe('other');
  });

  test('may begin with the mark that editors of Windows write', () => {
    writeFileSync(join(project.folder, 'config.json'), '\uFEFF{"activeStack":"team"}');
    expect(readProjectConfig(project)).toEqual({ activeStack: 'team' });
  });

  test.each([
    ['{"activeStack":', 'it is not JSON'],
    ['["team"]', 'it is not a JSON object'],
    ['null', 'it is not a JSON object'],
    ['{"activeStack":7}', '"activeStack" is not the name of a stack'],
    ['{"activeStack":"a b"}', '"activeStack" is not the name of a stack'],
  ])('%s is refused: %s', (text, reason) => {
    writeFileSync(join(project.folder, 'config.json'), text);
    expect(() => readProjectConfig(project)).toThrow(BadProjectConfig);
    expect(() => activeStackName(project)).toThrow(reason);
  });

  test('says which folder cannot be written, and why', () => {
    rmSync(project.folder, { recursive: true });
    writeFileSync(project.folder, '');
    expect(() => writeProjectConfig(project, { activeStack: 'team' })).toThrow(FolderNotWritable);
    expect(() => writeProjectConfig(project, { activeStack: 'team' })).toThrow(`cannot write to ${project.folder} (a file is in the way)`);
  });
});
