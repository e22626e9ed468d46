import type { Link } from '../devices/tcp/tcp-connection';
import type { ActiveFault } from './active-fault';

/**
 * Has a fault hold something on a connection: until the connection is gone, the fault is removed, which ends it with `end`,
 * or the returned function says that it is over by itself.
 */
export function holdOn(link: Link, fault: ActiveFault, end: () => void): () => void {
  const release = fault.hold(end);
  const forget = link.onClosed(release);
  return () => {
    release();
    forget();
  };
}
