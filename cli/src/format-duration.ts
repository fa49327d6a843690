/** 0.042 s, 3.1 s, 2 m 05 s, 1 h 02 m. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${(ms / 1000).toFixed(3)} s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${twoDigits(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} m`;
}

/** Between two ISO times; `-` while it has not ended, and where somebody has put the clock back meanwhile. */
export function durationBetween(startedAt: string, endedAt: string | null): string {
  const ms = endedAt === null ? -1 : Date.parse(endedAt) - Date.parse(startedAt);
  return ms < 0 ? '-' : formatDuration(ms);
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');
