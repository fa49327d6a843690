import { describe, expect, it } from '@jest/globals';
import { rewriteArgv } from './rewrite-argv.ts';

const rewritten = (line: string): string => rewriteArgv(line.split(' ')).join(' ');

describe('rewriteArgv', () => {
  it('makes config keys of the options of a component, in camelCase, wherever they stand', () => {
    expect(rewritten('experiment-tracker register team --flavor=mlflow --tracking-uri=http://x?a=b --trackingToken=t')).toBe(
      'experiment-tracker register team --flavor=mlflow --config=trackingUri=http://x?a=b --config=trackingToken=t',
    );
    expect(rewritten('alerter register --some-key=1 --flavor console bell')).toBe(
      'alerter register --config=someKey=1 --flavor console bell',
    );
  });

  it('takes a value from the next argument once the name is there', () => {
    expect(rewritten('alerter register bell --flavor console --url http://x')).toBe(
      'alerter register bell --flavor console --config=url=http://x',
    );
  });

  it('leaves out the value of a key that has none', () => {
    expect(rewritten('alerter register bell --quiet --flavor=console')).toBe('alerter register bell --config=quiet --flavor=console');
  });

  it('takes a negative number for a value, not for an option', () => {
    expect(rewritten('alerter register bell --temp -1.5 --least -.5 -x')).toBe(
      'alerter register bell --config=temp=-1.5 --config=least=-.5 -x',
    );
  });

  it('makes config keys of the options of an update, but for those of its own', () => {
    expect(rewritten('alerter update bell --some-key=1 --label team=ml --label=a=b --remove-label tier --force')).toBe(
      'alerter update bell --config=someKey=1 --label team=ml --label=a=b --remove-label tier --force',
    );
    expect(rewritten('alerter update update --url x')).toBe('alerter update update --config=url=x');
    expect(rewritten('alerter rename bell --url=x')).toBe('alerter rename bell --url=x');
  });

  it('leaves --help and --verbose to the command', () => {
    expect(rewritten('--verbose alerter register bell --help')).toBe('--verbose alerter register bell --help');
  });

  it('reads -al where a stack names its components, and nowhere else', () => {
    expect(rewritten('stack register s -o a -al b -al=c')).toBe('stack register s -o a --alerter b --alerter=c');
    expect(rewritten('stack update s -al b')).toBe('stack update s --alerter b');
    expect(rewritten('stack remove-component s -al b')).toBe('stack remove-component s --alerter b');
    expect(rewritten('run x.ts -al b')).toBe('run x.ts -al b');
  });
});
