import { IsInt, IsOptional, Min } from 'class-validator';

export class LocalOrchestratorConfig {
  /** Most steps at once. Default: the number of CPUs, but at least 4, since many steps wait rather than compute. */
  @IsOptional()
  @IsInt()
  @Min(1)
  concurrency?: number;
}
