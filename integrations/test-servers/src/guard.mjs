// Runs a command in a process group of its own, and ends that group when whoever started the guard goes away: by itself, by a crash or by SIGKILL.
// The kernel closes the channel between the two, which no other process holds.
//   node guard.mjs <folder to remove at such an end, or ''> <command> [argument ...]
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { constants } from 'node:os';

const [folder, command, ...args] = process.argv.slice(2);
let abandoned = false;

const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true });

function killGroup() {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

child.on('spawn', () => process.connected && process.send({ pid: child.pid }));
child.on('error', (error) => {
  console.error(error.message);
  process.exit(127);
});
child.on('exit', (code, signal) => {
  // Its children may outlive it.
  killGroup();
  if (abandoned && folder) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  process.exit(code ?? 128 + constants.signals[signal]);
});
process.on('disconnect', () => {
  abandoned = true;
  if (child.pid !== undefined) killGroup();
});
