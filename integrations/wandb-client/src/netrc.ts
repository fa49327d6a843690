const DEFAULT = 'default';
/** Words that are followed by a value which is none of the words, whatever it says. */
const OTHERS = ['login', 'user', 'account'];

/**
 * The password in the text of a netrc file for the first of some machines that has an entry; undefined without one. As Python's `netrc` reads it: the entry
 * `default` is for machines that have none, wherever it stands, and of several entries of a machine the last counts.
 */
export function netrcPassword(text: string, machines: readonly string[]): string | undefined {
  const passwords = passwordsIn(text);
  const name = [...machines, DEFAULT].find((each) => passwords.has(each));
  return name === undefined ? undefined : passwords.get(name);
}

/** By machine; undefined for an entry without. What begins with # is a comment to the end of its line, unless it is a value. */
function passwordsIn(text: string): Map<string, string | undefined> {
  const words = text.split('\n').flatMap((line, number) => (line.match(/\S+/g) ?? []).map((word) => ({ word, number })));
  let next = 0;
  const value = (): string | undefined => words[next++]?.word;
  const passwords = new Map<string, string | undefined>();
  let name: string | undefined;
  while (next < words.length) {
    const { word, number } = words[next++]!;
    if (word.startsWith('#')) {
      while (words[next]?.number === number) next++;
    } else if (word === 'machine' || word === DEFAULT) {
      name = word === DEFAULT ? word : value();
      if (name !== undefined) passwords.set(name, undefined);
    } else if (OTHERS.includes(word)) {
      value();
    } else if (word === 'password' && name !== undefined) {
      passwords.set(name, value());
    }
  }
  return passwords;
}
