/** Where a run is. */
export interface RunPlace {
  entity: string;
  project: string;
  /** The run's id, never its name. */
  id: string;
}

/** Address of the pages that belong to an API, by the vendor's own rule. Without a slash at its end. */
export function appUrlOf(baseUrl: string): string {
  const plain = baseUrl.replace(/\/+$/, '');
  if (plain.includes('://api.wandb.')) return plain.replace('://api.wandb.', '://wandb.');
  return plain.replace('://api.', '://app.');
}

/** The page of a run, as the vendor's client prints it. */
export function runUrl(appUrl: string, { entity, project, id }: RunPlace): string {
  const lastPart = encodeURIComponent(id).replace(/%(3D|2B|26|24|40)/g, (escaped) => decodeURIComponent(escaped));
  return `${appUrl.replace(/\/+$/, '')}/${encodeURIComponent(entity)}/${encodeURIComponent(project)}/runs/${lastPart}`;
}
