import type { LinkedHub } from '../../hub/linked-hub';
import { invalidArgument } from '../../protocol/errors';

/** The hubs of a DPS instance. */
export class LinkedHubs {
  readonly all: readonly LinkedHub[];

  constructor(hubs: readonly LinkedHub[]) {
    this.all = hubs;
  }

  /** The hub of that host name, or of that name. Host names are compared without case. */
  find(nameOrHostName: string | undefined): LinkedHub | undefined {
    const hostName = nameOrHostName?.toLowerCase();
    return this.all.find((hub) => hub.hostName.toLowerCase() === hostName || hub.name === nameOrHostName);
  }

  /** The hubs with these host names; all hubs if no host names are given. */
  allowedBy(hostNames: readonly string[] | undefined): readonly LinkedHub[] {
    if (hostNames === undefined) return this.all;
    return this.all.filter(({ hostName }) => hostNames.includes(hostName));
  }

  /**
   * The host names of the hubs that an enrollment names, without repetitions. @throws EmulatorError 400004 for a hub
   * that is not linked
   */
  hostNamesOf(names: readonly string[]): readonly string[] {
    // A caller in JavaScript may pass anything.
    const isList: boolean = Array.isArray(names);
    if (!isList) throw invalidArgument('iotHubs must be a list of names');
    const hostNames = names.map((name) => {
      const hub = this.find(name);
      if (hub === undefined) throw invalidArgument(`iotHubs names ${name}, which is not a linked hub`);
      return hub.hostName;
    });
    return [...new Set(hostNames)];
  }

  /** The names of these hubs. Names stay the same when ports change. A hub that is not linked keeps its host name. */
  namesOf(hostNames: readonly string[]): readonly string[] {
    return hostNames.map((hostName) => this.find(hostName)?.name ?? hostName);
  }
}
