import { flagTable } from '../flags/spec';

/** The flag of the commands that connect to something. */
export const proxyFlag = flagTable({
  proxy: {
    type: 'string',
    valueName: 'URL',
    description:
      'HTTP proxy for --transport mqtt-ws, e.g. http://proxy.example.com:8080, or "none"; without it HTTPS_PROXY and NO_PROXY. Give user and password in HTTPS_PROXY: other users of this machine can read flags.',
  },
});

/** The library's option for what the flag says. */
export function proxyOption({ proxy }: { readonly proxy?: string | undefined }): { proxy?: string | false } {
  if (proxy === undefined) return {};
  return { proxy: proxy === 'none' ? false : proxy };
}
