#!/usr/bin/env node
// The first lines of the `mortise` command. They import nothing, so that a Node too old for the rest can still say so.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `mortise needs Node 22.18 or newer, and this is ${process.versions.node}: install a newer Node from https://nodejs.org\n`,
  );
  process.exitCode = 1;
} else {
  keepCompiledCode();
  const { main } = await import('./main.ts');
  await main(process.argv.slice(2));
}

/**
 * Lets Node keep compiled code between two commands: a sixth of what `stack list` costs. Node never returns from this where the folder cannot be
 * made, so that is looked at first.
 */
function keepCompiledCode(): void {
  const { accessSync, constants } = process.getBuiltinModule('node:fs');
  try {
    accessSync(process.getBuiltinModule('node:os').tmpdir(), constants.W_OK | constants.X_OK);
  } catch {
    return;
  }
  process.getBuiltinModule('node:module').enableCompileCache();
}
