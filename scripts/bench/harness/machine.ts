import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';

/** Where the figures come from, without anything that names the machine. */
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

/** How many processes wanted to run, on average over the last minute. */
export function load(): number {
  return loadavg()[0] ?? 0;
}
