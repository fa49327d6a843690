import { IsIn, IsInt, IsOptional, Min } from 'class-validator';
import type { Isolation } from '@mortise/core';

export class LocalOrchestratorConfig {
  /** Most steps at once. Default: the number of CPUs, but at least 4, since many steps wait rather than compute. */
  @IsOptional()
  @IsInt()
  @Min(1)
  concurrency?: number;

  /** `process`: steps run in child processes, unless they or the run say otherwise. Default `inline`. */
  @IsOptional()
  @IsIn(['inline', 'process'])
  isolation?: Isolation;

  /** Most child processes at once. Default: the number of CPUs. */
  @IsOptional()
  @IsInt()
  @Min(1)
  pool?: number;

  /** Most memory of a child process's JavaScript heap, MB; typed arrays and buffers are not in it. Default: Node's own limit. */
  @IsOptional()
  @IsInt()
  @Min(32)
  memoryMb?: number;
}
