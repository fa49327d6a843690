import { IsIn, IsInt, IsOptional, Min } from 'class-validator';
import type { Isolation } from '@mortise/core';

export class LocalOrchestratorConfig {
  /** Most steps at once. Default: the number of CPUs, but at least 4, since many steps wait rather than compute. */
  @IsOptional()
  @IsInt({ context: { description: 'most steps at once (default: the number of CPUs, at least 4)' } })
  @Min(1)
  concurrency?: number;

  /** `process`: steps run in child processes, unless they or the run say otherwise. Default `inline`. */
  @IsOptional()
  @IsIn(['inline', 'process'], { context: { description: 'where steps run that do not say it: inline (default) or process' } })
  isolation?: Isolation;

  /** Most child processes at once. Default: the number of CPUs. */
  @IsOptional()
  @IsInt({ context: { description: 'most child processes at once (default: the number of CPUs)' } })
  @Min(1)
  pool?: number;

  /** Most memory of a child process's JavaScript heap, MB; typed arrays and buffers are not in it. Default: Node's own limit. */
  @IsOptional()
  @IsInt({ context: { description: "most memory of a child process's JavaScript heap, MB (default: that of Node)" } })
  @Min(32)
  memoryMb?: number;
}
