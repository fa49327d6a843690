#!/usr/bin/env node
// The first lines of the `mortise` command. They import nothing, so that a Node too old for the rest can still say so.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `mortise needs Node 22.18 or newer, and this is ${process.versions.node}: install a newer Node from https://nodejs.org\n`,
  );
  process.exitCode = 1;
} else {
  const { main } = await import('./main.ts');
  await main(process.argv.slice(2));
}
