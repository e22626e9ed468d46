import { authority, chainOf, day, inGroup, under, type Case } from './cases';
import { make, makeHierarchy } from './make';

const tree = makeHierarchy();
const expired = authority('Expired', { issuer: tree.root, notBefore: day(-20), notAfter: day(-10) });
const future = authority('Future', { issuer: tree.root, notBefore: day(10) });
const oldFashioned = authority('Old-fashioned', { issuer: tree.root, hash: 'sha1' });
const ending = authority('Ending', { issuer: tree.root, notAfter: day(10) });
const noAuthority = make({ subject: [['CN', 'No authority']], issuer: tree.root, ca: false });
const noSigner = authority('No signer', { issuer: tree.root, keyUsage: [0] });
const shallow = authority('Shallow', { issuer: tree.root, ca: { pathLength: 0 } });
const deep = authority('Deep', { issuer: shallow });
const middle = authority('Middle', { issuer: tree.intermediate });
const again = makeHierarchy();

/** The cases of the rules for the chain. */
export const CHAIN_CASES: readonly Case[] = [
  {
    rule: 'chain-without-gap',
    expected: 'error',
    ...inGroup,
    breaks: chainOf(tree.device, tree.root),
    passes: { ...chainOf(tree.device, tree.intermediate, tree.root) },
    message:
      /has a gap: "CN=Test Root" issued none.* The certificate of "CN=Test Intermediate", which issued "O=Example, CN=device-1", is missing/,
  },
  {
    rule: 'chain-signatures',
    expected: 'error',
    ...inGroup,
    breaks: chainOf(tree.device, again.intermediate),
    passes: chainOf(tree.device, tree.intermediate),
    message: /"O=Example, CN=device-1" was not signed with the key of the given "CN=Test Intermediate"/,
  },
  {
    rule: 'signature-algorithm',
    expected: 'error',
    ...inGroup,
    breaks: chainOf(under(oldFashioned), oldFashioned),
    passes: chainOf(under(middle), middle),
    message: /"CN=Old-fashioned" is signed using SHA-1 with ECDSA/,
  },
  {
    rule: 'chain-of-authorities',
    expected: 'error',
    ...inGroup,
    breaks: chainOf(under(noAuthority), noAuthority),
    passes: chainOf(under(middle), middle),
    message: /"CN=No authority" issued .*no CA:TRUE/,
  },
  {
    rule: 'chain-of-authorities',
    expected: 'error',
    ...inGroup,
    breaks: chainOf(under(noSigner), noSigner),
    passes: chainOf(under(middle), middle),
    message: /its key usage lacks keyCertSign/,
  },
  { rule: 'chain-path-length', expected: 'error', ...inGroup, breaks: chainOf(under(deep), deep, shallow), passes: chainOf(under(shallow), shallow), message: /"CN=Shallow" allows 0 authorities below it \(pathlen:0\), but 1 are there/ }, // prettier-ignore
  {
    rule: 'chain-valid-now',
    expected: 'error',
    ...inGroup,
    breaks: chainOf(under(expired), expired),
    passes: chainOf(tree.device, tree.intermediate),
    message: /"CN=Expired" expired at/,
  },
  {
    rule: 'chain-valid-now',
    expected: 'error',
    ...inGroup,
    breaks: chainOf(under(future), future),
    passes: chainOf(tree.device, tree.intermediate),
    message: /"CN=Future" is valid from/,
  },
  {
    rule: 'chain-not-expiring-soon',
    expected: 'warning',
    ...inGroup,
    breaks: chainOf(under(ending), ending),
    passes: chainOf(tree.device, tree.intermediate),
    message: /"CN=Ending" expires at/,
  },
  {
    rule: 'chain-reaches-enrolled-authority',
    expected: 'info',
    ...inGroup,
    breaks: chainOf(tree.device),
    passes: chainOf(tree.device, tree.intermediate),
    message: /works when the enrolled authority is "CN=Test Intermediate" itself/,
  },
  {
    rule: 'chain-not-needed',
    expected: 'info',
    breaks: chainOf(tree.device, tree.intermediate),
    passes: chainOf(tree.device),
    message: /1 certificate beside the device certificate was given/,
  },
  {
    rule: 'chain-root-not-sent',
    expected: 'info',
    ...inGroup,
    breaks: chainOf(tree.device, tree.intermediate, tree.root),
    passes: chainOf(tree.device, tree.intermediate),
    message: /root "CN=Test Root" is not sent/,
  },
  {
    rule: 'chain-without-strangers',
    expected: 'info',
    ...inGroup,
    breaks: chainOf(tree.device, tree.intermediate, tree.root, again.root),
    passes: chainOf(tree.device, tree.intermediate, tree.root),
    message: /^"CN=Test Root" issued none of the certificates below and is not sent/,
  },
  {
    rule: 'chain-without-strangers',
    expected: 'info',
    ...inGroup,
    breaks: chainOf(tree.device, tree.intermediate, again.device),
    passes: chainOf(tree.device, tree.intermediate),
    message: /^"O=Example, CN=device-1" issued none/,
  },
  {
    rule: 'chain-in-order',
    expected: 'info',
    ...inGroup,
    breaks: { cert: tree.intermediate.pem + tree.device.pem, key: tree.device.key },
    passes: chainOf(tree.device, tree.intermediate),
    message: /were given in another order; they are sent as "O=Example, CN=device-1", "CN=Test Intermediate"/,
  },
  {
    rule: 'chain-in-order',
    expected: 'info',
    ...inGroup,
    breaks: chainOf(tree.device, tree.intermediate, tree.intermediate),
    passes: chainOf(tree.device, tree.intermediate),
    message: /were given with 1 duplicate/,
  },
];
