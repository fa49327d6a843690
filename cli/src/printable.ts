/** What a terminal takes for a command: control characters of C0, DEL and C1, but for ends of lines and tabs. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** Those that `paintStatus` writes, and nothing else. */
const PAINT = /(\u001b\[(?:2|22|31|32|33|39)m)/;
/** A sequence of a terminal: CSI, OSC and other strings, and those of two or three characters. */
const SEQUENCE =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u009b[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/g;
const COLOUR = /^\u001b\[[\d;:]*m$/;

/** A text in which nothing commands a terminal: control characters are shown as `\x1b`. Lines, tabs and the colours of a status stay. */
export function printable(text: string): string {
  if (text.search(CONTROLS) === -1) return text;
  const parts = text.replaceAll('\r\n', '\n').split(PAINT);
  return parts.map((part, index) => (index % 2 === 1 ? part : part.replace(CONTROLS, shown))).join('');
}

/** As `printable`, on one line. */
export function oneLine(text: string): string {
  return printable(text.replace(/\s*[\r\n\u2028\u2029]\s*|\t/g, ' ')).trimEnd();
}

/** What a step printed, with its colours and without all else that commands a terminal. Where it went back to the beginning of a line is a new one. */
export function logText(text: string): string {
  const kept = text.replace(SEQUENCE, (sequence) => (COLOUR.test(sequence) ? sequence : ''));
  const lines = kept.replace(/\r\n?/g, '\n').split(/(\u001b\[[\d;:]*m)/);
  return lines.map((part, index) => (index % 2 === 1 ? part : part.replace(CONTROLS, ''))).join('');
}

const shown = (control: string): string => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;
