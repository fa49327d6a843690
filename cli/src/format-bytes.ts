const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'];

/** `17 B`, `1.2 MB`: powers of 1000, as disks are sold. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  let unit = '';
  for (const each of UNITS) {
    value /= 1000;
    unit = each;
    if (value < 999.95) break;
  }
  return `${value.toFixed(1)} ${unit}`;
}
