import { IsIn, IsInt, IsNotEmpty, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';

import { BASE_URL, BASE_URL_RULE } from './base-url.ts';

/** A name that the vendor takes for a project. */
export const PROJECT_NAME = /^[^/\\#?%:]+$/;

export class WandbTrackerConfig {
  /** Default: `WANDB_API_KEY`, then the entry for the server's host in `NETRC` or `~/.netrc`, where `wandb login` leaves it. */
  @IsOptional()
  @Matches(/^[\x21-\x7e]+$/, {
    message: 'must be a key, without spaces',
    context: { description: 'API key (default: WANDB_API_KEY, then ~/.netrc as "wandb login" leaves it)' },
  })
  apiKey?: string;

  /** User or team that owns the runs. Default: `WANDB_ENTITY`, then the entity that the key belongs to. */
  @IsOptional()
  @IsString({ context: { description: 'user or team that owns the runs (default: WANDB_ENTITY, then who the key belongs to)' } })
  @IsNotEmpty()
  entity?: string;

  /** For runs that name no experiment. Default: `WANDB_PROJECT`, then the pipeline's name. */
  @IsOptional()
  @Matches(PROJECT_NAME, {
    message: 'must be a name without / \\ # ? % :',
    context: { description: "project of runs that name no experiment (default: WANDB_PROJECT, then the pipeline's name)" },
  })
  @MaxLength(128)
  project?: string;

  /** Default: `WANDB_BASE_URL`, then `https://api.wandb.ai`. */
  @IsOptional()
  @Matches(BASE_URL, {
    message: BASE_URL_RULE,
    context: { description: 'where the API answers (default: WANDB_BASE_URL, then https://api.wandb.ai)' },
  })
  baseUrl?: string;

  /** `offline`: into files below `dir`, for `wandb sync`; `disabled`: nowhere. Default: `WANDB_MODE`, then `online`. */
  @IsOptional()
  @IsIn(['online', 'offline', 'disabled'], {
    context: { description: 'online, offline (into files for "wandb sync") or disabled (default: WANDB_MODE, then online)' },
  })
  mode?: 'online' | 'offline' | 'disabled';

  /** Folder whose folder `wandb` takes offline runs; relative to the project. Default: `WANDB_DIR`, then the project. */
  @IsOptional()
  @IsString({ context: { description: 'folder of offline runs, which go into its folder "wandb" (default: WANDB_DIR, then the project)' } })
  @IsNotEmpty()
  dir?: string;

  /** How long one request may take, or an upload stand still, ms. Default: `WANDB_HTTP_TIMEOUT` (s), then 60,000. */
  @IsOptional()
  @IsInt({ context: { description: 'how long one request may take, or an upload stand still, ms (default: 60000)' } })
  @Min(1)
  @Max(3_600_000)
  timeoutMs?: number;
}
