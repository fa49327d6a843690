/** The password of a machine in the text of a netrc file; undefined without one. `default` counts for all machines. */
export function netrcPassword(text: string, machine: string): string | undefined {
  const words = text
    .replace(/^\s*#.*$/gm, '')
    .split(/\s+/)
    .filter((word) => word !== '');
  let meant = false;
  for (const [at, word] of words.entries()) {
    if (word === 'machine') meant = words[at + 1] === machine;
    else if (word === 'default') meant = true;
    else if (word === 'password' && meant) return words[at + 1];
  }
  return undefined;
}
