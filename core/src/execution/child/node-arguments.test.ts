import { describe, expect, it } from '@jest/globals';

import { nodeArguments } from './node-arguments.ts';

describe('the arguments for Node of a child process', () => {
  it('load modules as this process does', () => {
    const loading = ['--import', 'file:///tsx.mjs', '-r', './preload.cjs', '--conditions=source', '--enable-source-maps'];
    expect(nodeArguments(loading)).toEqual(loading);
  });

  it('leave out what this process alone runs, and who looks at it', () => {
    const own = ['--inspect-brk=9229', '--watch', '--test', '--cpu-prof', '--max-old-space-size=64', '--input-type=module', '-e', 'code'];
    expect(nodeArguments([...own, '--import', 'file:///tsx.mjs', '--eval', 'more'])).toEqual(['--import', 'file:///tsx.mjs']);
  });
});
