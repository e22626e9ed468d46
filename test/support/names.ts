import dns from 'node:dns';

/** Leads the names of a domain to this machine, as a line for each in /etc/hosts would. For the tests of a file or block. */
export function useNamesOfThisMachine(domain: string): void {
  let spy: jest.SpyInstance | undefined;
  beforeAll(() => {
    const { lookup } = dns;
    // What is called with one list of arguments is called again with the same one, the name apart.
    const redirected = (name: string, ...rest: unknown[]): unknown =>
      Reflect.apply(lookup, dns, [name.endsWith(`.${domain}`) ? '127.0.0.1' : name, ...rest]);
    spy = jest.spyOn(dns, 'lookup').mockImplementation(redirected);
  });
  afterAll(() => spy?.mockRestore());
}
