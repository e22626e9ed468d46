import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';

/** The machine that the figures were measured on, without its name. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release().replace(/-.*/, '')} ${arch()}`,
    node: process.version,
  };
}

/** The load average of the last minute. */
export function load(): number {
  return loadavg()[0] ?? 0;
}
